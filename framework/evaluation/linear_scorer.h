#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

// Legend: I items, D width, q query, v_i vector of item i, b_i offset that no query changes (an item prior).

enum class Similarity { dot_product, cosine };

/// s_i = q . v_i + b_i in double precision; under `cosine` every v_i is brought to unit length, and so has q to be
/// (unit()): without offsets its length changes no order, with them the score is defined for unit queries.
/// Borrows the vectors. Thread-safe.
class LinearScorer {
 public:
  /// vectors [I, D] float32; offsets [I], or empty for none. DataError when they do not fit, and for a vector of length
  /// 0 under `cosine`; NumericError for NaN and infinity.
  LinearScorer(std::span<const float> vectors, std::size_t width, Similarity similarity,
               std::vector<double> offsets = {});

  std::size_t items() const { return scales_.size(); }
  std::size_t width() const { return width_; }
  double score(std::span<const double> query, ItemId item) const;
  /// All of them, [I].
  std::vector<double> scores(std::span<const double> query) const;
  /// v_a - v_b, [D].
  std::vector<double> difference(ItemId a, ItemId b) const;
  double distance(ItemId a, ItemId b) const;  // ||v_a - v_b||_2
  double norm(ItemId item) const { return norms_[item.value()]; }

 private:
  double coordinate(ItemId item, std::size_t d) const;

  std::span<const float> vectors_;
  std::size_t width_;
  std::vector<double> offsets_;
  std::vector<double> scales_;  // [I] 1, or 1 / length
  std::vector<double> norms_;   // [I] after scaling
};

/// A float32 vector as a query of unit length; DataError for length 0.
std::vector<double> unit(std::span<const float> vector);

/// ||a - b||_2.
double euclidean_distance(std::span<const double> a, std::span<const double> b);

/// The candidates (all items but the masked) with the k best first, best to worst, the rest in any order. Equal scores
/// stand by item number: who sees a tie treats it as undecided.
std::vector<ItemId> candidates_by_score(std::span<const double> scores, std::span<const ItemId> masked, std::size_t k);

}  // namespace coldframe
