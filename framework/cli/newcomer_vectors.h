#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/cli/item_scores.h"
#include "framework/cli/learner.h"
#include "framework/data/cold_start.h"
#include "framework/evaluation/newcomers.h"
#include "framework/simulation/encoder_policy.h"
#include "framework/training/bulk_encoder.h"

namespace coldframe {

/// Cold-start cases with what the evaluation asks of them. Borrows nothing.
class NewcomerSet {
 public:
  NewcomerSet(const ExperimentData& data, Role role, std::size_t masked);
  /// Some users, with what they like in a task.
  NewcomerSet(const ExperimentData& data, const Likes& likes, std::span<const UserId> users, std::size_t masked);

  const ColdStartCases& cases() const { return cases_; }
  std::span<const HeldOutUser> users() const { return users_; }

 private:
  ColdStartCases cases_;
  std::vector<HeldOutUser> users_;
};

/// Ties between items of one score, by the keyed hash that the experiment's seed names.
TieBreak tie_break(const Experiment& experiment, const ExperimentData& data);

/// Vectors of the whole catalogue, by ItemId. Collective.
EncodedTexts encode_items(const BulkEncoder& encoder, const TokenizedTexts& texts, const ExperimentData& data);

/// The form that recompose() and the simulator read.
VectorTable vector_table(const EncodedTexts& encoded);

/// User vectors of all newcomers after each number of likes, by the rule: [shots x newcomers]. `items`: vectors of the
/// catalogue by the same encoder. Collective.
EncodedTexts encode_newcomers(const BulkEncoder& encoder, const TokenizedTexts& texts, const NewcomerSet& newcomers,
                              std::span<const std::size_t> shots, UserVector rule, const EncodedTexts& items);

/// Scores newcomers by ItemScores. All vectors are encoded in the constructor (collective); scoring is local. Supports
/// are known up to the largest shot.
class EncoderScorer final : public NewcomerScorer {
 public:
  EncoderScorer(const BulkEncoder& encoder, const TokenizedTexts& texts, const ExperimentData& data,
                const NewcomerSet& newcomers, std::span<const std::size_t> shots, UserVector rule);

  /// Empty prior: the pure text score.
  void set_prior(double scale, double weight, std::vector<float> prior) {
    scores_.set_prior(scale, weight, std::move(prior));
  }
  void score(std::span<const NewcomerQuery> queries, std::span<float> scores) override;
  const ItemScores& item_scores() const { return scores_; }
  std::span<const float> item_vectors() const { return scores_.items().vectors.span(); }

 private:
  std::size_t query_row(const NewcomerQuery& query) const;

  ItemScores scores_;
  EncodedTexts queries_;  // [shots x users]
  std::vector<std::size_t> shots_;
  std::vector<std::size_t> row_of_user_;  // by UserId
  std::size_t user_count_ = 0;
};

}  // namespace coldframe
