#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/evaluation/block_scorer.h"
#include "framework/evaluation/int8_scorer.h"
#include "framework/simulation/scored_policy.h"
#include "framework/simulation/vocabulary_drift.h"

namespace coldframe {

/// Vectors, one per row: items of a catalogue, or profiles of a pool.
class VectorTable {
 public:
  /// values [rows, width]; throws NumericError for a value that is not finite, DataError for a wrong length.
  VectorTable(std::size_t rows, std::size_t width, std::vector<float> values);
  std::size_t rows() const { return rows_; }
  std::size_t width() const { return width_; }
  std::span<const float> row(std::size_t index) const { return {values_.data() + index * width_, width_}; }
  std::span<const float> values() const { return values_; }  // [rows, width]

 private:
  std::size_t rows_ = 0;
  std::size_t width_ = 0;
  std::vector<float> values_;
};

/// What a trained encoder brings to the simulator: item vectors, and a score s(u, i) = scale u . q_i + prior_i.
struct ItemTable {
  VectorTable vectors;       // [I, D]
  std::vector<float> prior;  // [I] or empty
  float scale = 1.0f;        // 1 / temperature
};

/// User vectors in batches: with ItemTable the whole interface between simulator and encoder.
/// A vector depends on its request alone. Thread-safety: called from several threads at once.
class UserVectors {
 public:
  virtual ~UserVectors() = default;
  virtual std::size_t width() const = 0;
  /// vectors [requests, width]
  virtual void compute(std::span<const PolicyRequest> requests, std::span<float> vectors) const = 0;
};

/// The profile vector averaged with the cached vectors of the newest likes, of length 1. One function for training,
/// evaluation and simulation. out [D].
void recompose(std::span<const float> profile, const VectorTable& items, std::span<const ItemId> likes_oldest_first,
               std::size_t history_items, std::span<float> out);

/// user_vector = recompose: no encoder call in the loop.
class RecomposedVectors final : public UserVectors {
 public:
  /// profiles [pool, D], and [2 pool, D] with `words`; borrows everything.
  RecomposedVectors(const VectorTable& profiles, const VectorTable& items, std::size_t history_items,
                    const VocabularyDrift* words = nullptr);
  std::size_t width() const override { return items_->width(); }
  void compute(std::span<const PolicyRequest> requests, std::span<float> vectors) const override;

 private:
  const VectorTable* profiles_;
  const VectorTable* items_;
  std::size_t history_items_;
  const VocabularyDrift* words_;  // nullptr: all profiles are written in the same words
};

/// One user for an encoder: the profile and the newest likes, newest first.
struct UserView {
  const Profile* profile = nullptr;  // nullptr: of a logged user
  std::uint32_t profile_row = 0;     // with new words: that of VocabularyDrift
  std::vector<ItemId> likes;
};

/// user_vector = reencode: profile and history are rendered and encoded again by the callback, one call at a time.
class ReencodedVectors final : public UserVectors {
 public:
  using Encode = std::function<void(std::span<const UserView> users, std::span<float> vectors)>;
  ReencodedVectors(Encode encode, std::size_t width, std::size_t history_items, const VocabularyDrift* words = nullptr);
  ~ReencodedVectors() override;
  std::size_t width() const override { return width_; }
  void compute(std::span<const PolicyRequest> requests, std::span<float> vectors) const override;

 private:
  struct Lock;
  Encode encode_;
  std::size_t width_;
  std::size_t history_items_;
  const VocabularyDrift* words_;
  std::unique_ptr<Lock> lock_;
};

/// How the best items are found, which are the same: all in float32, or by Int8Scorer where the processor gains by it.
enum class Scoring { fp32, int8 };
/// What a processor on which int8 is worthwhile or not makes of what was asked for.
Scoring usable_scoring(Scoring asked, bool worthwhile = Int8Scorer::worthwhile());

/// Ranks candidates by encoder score. Packs a copy of the item vectors. Ownership: borrows table and vectors.
class EncoderPolicy final : public ScoredPolicy {
 public:
  EncoderPolicy(std::string name, const ItemTable& items, const UserVectors& users, TieBreak ties,
                Scoring scoring = Scoring::fp32);
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return items_->vectors.rows(); }
  void score(std::span<const PolicyRequest> requests, std::span<float> scores) const override;

 private:
  std::vector<std::vector<RankedItem>> best(std::span<const PolicyRequest> requests,
                                            const TieBreak& ties) const override;
  std::vector<float> vectors(std::span<const PolicyRequest> requests) const;  // [requests, D]

  std::string name_;
  const ItemTable* items_;
  const UserVectors* users_;
  BlockScorer scorer_;
  std::unique_ptr<const Int8Scorer> int8_;  // nullptr: float32
};

}  // namespace coldframe
