#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/evaluation/detail/score_kernels.h"
#include "framework/evaluation/running_top.h"

namespace coldframe {

// Legend: U users, I items, D width.

/// Scores s(u, i) = scale (u . q_i) + prior_i of many users against a whole catalogue, in float32. An inner product is
/// one chain of fused multiply-adds from the first coordinate to the last; product and sum with scale and prior are
/// rounded each. So a score has the same bits on every instruction set, alone or beside any other users and items.
/// Item vectors are packed once, in panels that a tile of users meets while they lie in the cache. Thread-safety:
/// const.
class BlockScorer {
 public:
  struct Terms {
    float scale = 1.0f;
    std::span<const float> prior = {};  // [I], or empty for none
  };
  /// vectors [I, D]. kernel: one of kernels(), or empty for the best. DataError when sizes do not fit.
  BlockScorer(std::span<const float> vectors, std::size_t width, const Terms& terms, std::string_view kernel = {});

  std::size_t items() const { return items_; }
  std::size_t width() const { return width_; }

  /// users [U, D], scores [U, I].
  void score(std::span<const float> users, std::span<float> scores) const;

  /// The best candidates of every user, without keeping the scores of the others: users [U, D], requests [U]. best[u]
  /// has min(k, candidates) entries, best first. NumericError for a NaN score of a candidate.
  std::vector<std::vector<RankedItem>> top(std::span<const float> users, std::span<const TopRequest> requests,
                                           const TieBreak& ties) const;

  /// Names of the implementations that this processor can run, best first; all give the same bits.
  static std::vector<std::string> kernels();

 private:
  std::size_t panels() const { return prior_.size(); }
  std::size_t panel_items(std::size_t panel) const;
  /// Calls use(tile, panel, scores) for all of them; thresholds(tile) [8].
  template <class Thresholds, class Use>
  void each_tile(std::span<const float> users, const Thresholds& thresholds, const Use& use) const;

  std::size_t items_;
  std::size_t width_;
  float scale_;
  std::vector<detail::ItemColumn> columns_;  // [panels, D]
  std::vector<detail::ItemColumn> prior_;    // [panels]
  detail::ScoreKernel kernel_;
};

/// Number of items of a table [I, D]; DataError when table and prior do not fit.
std::size_t check_scored_table(std::span<const float> vectors, std::size_t width, const BlockScorer::Terms& terms);

}  // namespace coldframe
