#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/top_items.h"

namespace coldframe {

// Legend: K cut, n number of targets, r rank from 1, rel_r = 1 when the item at rank r is a target.

/// A ranked list after it was compared with the targets. `relevant` may be longer or shorter than a cut.
struct JudgedList {
  std::span<const std::uint8_t> relevant;  // rel_r at place r - 1
  std::size_t targets = 0;                 // n, at least 1
};

double hits_at(JudgedList list, std::size_t k);
double recall_at(JudgedList list, std::size_t k);         // hits / n
double recall_capped_at(JudgedList list, std::size_t k);  // hits / min(n, K)
double hit_rate_at(JudgedList list, std::size_t k);       // 1[hits > 0]
double precision_at(JudgedList list, std::size_t k);      // hits / K, also when fewer candidates exist
double mrr_at(JudgedList list, std::size_t k);            // 1 / rank of the first hit, 0 when none is in K
double map_at(JudgedList list, std::size_t k);            // sum_r rel_r Precision@r / min(n, K)
double map_k_at(JudgedList list, std::size_t k);          // the same divided by K
double ndcg_at(JudgedList list, std::size_t k);  // [sum_r rel_r / log2(r+1)] / [sum_{r <= min(n,K)} 1 / log2(r+1)]

/// Graded NDCG with gain 2^grade - 1. ranked_grades: grade of the item at each rank; all_grades: grades of all
/// candidates in any order (the ideal list is built from them). 0 when no candidate has a positive grade.
double ndcg_graded_at(std::span<const double> ranked_grades, std::span<const double> all_grades, std::size_t k);

/// Hits of all users over targets of all users (another average than recall: users with many targets weigh more).
double recall_micro(std::span<const double> hits, std::span<const double> targets);

enum class RankingMetric { hits, recall, recall_capped, hit_rate, precision, mrr, map, map_k, ndcg };

/// A metric with its cut, written "ndcg@10".
struct MetricCut {
  RankingMetric metric = RankingMetric::ndcg;
  std::size_t k = 10;
  friend bool operator==(const MetricCut&, const MetricCut&) = default;
};

std::string to_string(MetricCut cut);
/// Throws ConfigError that lists the known metrics.
MetricCut parse_metric(std::string_view text);
double value_at(MetricCut cut, JudgedList list);

/// Full ranking of one user at a time: every item that is not masked is a candidate.
/// Thread-safety: one caller.
class RankingEvaluator {
 public:
  RankingEvaluator(std::size_t items, std::vector<MetricCut> metrics, TieBreak ties, std::size_t list_length = 0);

  /// Writes one value per metric. Targets are a set: repeats count once and masked ones are not reachable, so they do
  /// not count. Returns false, and writes nothing, when no target is left: such users are left out and counted.
  bool evaluate(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                std::span<const ItemId> targets, std::span<double> values);

  /// The list of the last evaluated user, as long as the longest cut (or list_length).
  std::span<const ItemId> top() const { return top_; }
  const std::vector<MetricCut>& metrics() const { return metrics_; }

 private:
  std::size_t mark_targets(UserKey user, std::span<const ItemId> masked, std::span<const ItemId> targets);

  std::vector<MetricCut> metrics_;
  TopItems selector_;
  std::size_t length_ = 0;
  std::vector<std::uint8_t> is_target_;  // [I]
  std::vector<std::uint8_t> relevant_;
  std::span<const ItemId> top_;
};

}  // namespace coldframe
