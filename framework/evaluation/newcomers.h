#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/exposure.h"
#include "framework/evaluation/ranking.h"
#include "framework/evaluation/target_slices.h"

namespace coldframe {

/// Version of what the names of metrics mean. Raised when one name gives another number for the same lists: records of
/// different versions are not compared.
constexpr int k_metric_definitions = 1;

/// One held-out newcomer as plain data; the spans are borrowed.
struct HeldOutUser {
  UserId user;                      // row of the user table, for scorers that read attributes
  UserKey key;                      // names the user in ties and in the bootstrap
  std::span<const ItemId> support;  // interactions that may be revealed, oldest first
  std::span<const ItemId> masked;   // never candidates, whatever k is
  std::span<const ItemId> targets;  // the same for every k
};

/// What a scorer is asked: a user of whom `history` (the first k interactions, oldest first) is known.
struct NewcomerQuery {
  UserId user;
  UserKey key;
  std::span<const ItemId> history;
};

/// Scores all items for newcomers. Implemented by whoever holds a model; the evaluation knows nothing else about it.
class NewcomerScorer {
 public:
  virtual ~NewcomerScorer() = default;
  /// scores [queries, items], row by row.
  virtual void score(std::span<const NewcomerQuery> queries, std::span<float> scores) = 0;
  /// Smallest history it can work with: 1 for purely collaborative scorers. Smaller k get no row.
  virtual std::size_t minimum_shots() const { return 0; }
};

struct NewcomerOptions {
  std::vector<std::size_t> shots = {0, 1, 3, 5, 10};
  std::vector<MetricCut> metrics = {{RankingMetric::ndcg, 10}, {RankingMetric::recall, 20}, {RankingMetric::mrr, 10}};
  std::size_t coverage_at = 10;  // cut of the lists whose exposure is counted
  std::size_t batch_users = 64;  // users scored in one call; changes no result
};

/// One k of the table: every metric of every user, and what was shown to all of them together.
struct ShotRow {
  std::size_t shots = 0;
  std::vector<std::vector<double>> values;  // [metrics][users]
  Exposure exposure;
  /// [cells][users] the first metric as if the targets of that cell were all a user is to find (the list is the same
  /// one); NaN for users without a target there.
  std::vector<std::vector<double>> by_cell = {};

  double mean(std::size_t metric) const;
};

/// The k-shot table of one scorer: the same users and targets in every row. Users without enough support for the
/// largest k, or without a target that is not masked, are left out of all rows and counted.
struct NewcomerTable {
  std::vector<MetricCut> metrics;
  std::vector<UserKey> users;
  std::vector<ShotRow> rows;
  std::size_t left_out = 0;
  std::vector<SliceCell> cells = {};  // of ShotRow::by_cell

  /// nullptr when there is no row for this k.
  const ShotRow* find(std::size_t shots) const;
  /// Adds the users of the next shard. Throws DataError when metrics, shots, cells or catalogue differ.
  void append(const NewcomerTable& next);
};

/// Ranks all items that are not masked for every newcomer at every k. A row is a function of the user alone: batches,
/// shards and the order of users change nothing. `slicings`: of these newcomers' targets.
NewcomerTable evaluate_newcomers(std::span<const HeldOutUser> newcomers, std::size_t items, const TieBreak& ties,
                                 NewcomerScorer& scorer, const NewcomerOptions& options,
                                 std::span<const TargetSlicing> slicings = {});

}  // namespace coldframe
