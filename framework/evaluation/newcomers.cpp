#include "framework/evaluation/newcomers.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "framework/core/error.h"

namespace coldframe {
namespace {

bool has_reachable_target(const HeldOutUser& newcomer) {
  return std::any_of(newcomer.targets.begin(), newcomer.targets.end(), [&](ItemId target) {
    return std::find(newcomer.masked.begin(), newcomer.masked.end(), target) == newcomer.masked.end();
  });
}

/// Places of those who can be tested.
std::vector<std::size_t> evaluable(std::span<const HeldOutUser> newcomers, std::size_t largest_shots) {
  std::vector<std::size_t> kept;
  for (std::size_t u = 0; u < newcomers.size(); ++u) {
    if (newcomers[u].support.size() >= largest_shots && has_reachable_target(newcomers[u])) kept.push_back(u);
  }
  return kept;
}

/// Targets of every cell, user by user.
class CellTargets {
 public:
  CellTargets(std::span<const HeldOutUser> newcomers, std::span<const std::size_t> kept,
              std::span<const TargetSlicing> slicings) {
    for (const TargetSlicing& slicing : slicings) {
      const std::size_t first = cells_.size();
      for (const std::string& bucket : slicing.buckets) cells_.push_back({slicing.name, bucket});
      CF_EXPECTS(slicing.of.size() == newcomers.size());
      targets_.resize(cells_.size(), std::vector<std::vector<ItemId>>(kept.size()));
      for (std::size_t row = 0; row < kept.size(); ++row) {
        const HeldOutUser& newcomer = newcomers[kept[row]];
        for (std::size_t t = 0; t < newcomer.targets.size(); ++t) {
          const std::int8_t bucket = slicing.of[kept[row]][t];
          const bool masked = std::ranges::find(newcomer.masked, newcomer.targets[t]) != newcomer.masked.end();
          if (bucket == TargetSlicing::k_none || masked) continue;
          targets_[first + static_cast<std::size_t>(bucket)][row].push_back(newcomer.targets[t]);
        }
      }
    }
    for (auto& of_cell : targets_) {
      for (std::vector<ItemId>& items : of_cell) {
        std::ranges::sort(items);
        items.erase(std::ranges::unique(items).begin(), items.end());
      }
    }
  }

  const std::vector<SliceCell>& cells() const { return cells_; }

  /// The metric of one list for the targets of a cell alone; NaN without any.
  double value(MetricCut metric, std::span<const ItemId> list, std::size_t cell, std::size_t row) {
    const std::vector<ItemId>& targets = targets_[cell][row];
    if (targets.empty()) return std::numeric_limits<double>::quiet_NaN();
    relevant_.clear();
    for (const ItemId item : list) relevant_.push_back(std::ranges::binary_search(targets, item) ? 1 : 0);
    return value_at(metric, {relevant_, targets.size()});
  }

 private:
  std::vector<SliceCell> cells_;
  std::vector<std::vector<std::vector<ItemId>>> targets_;  // [cells][users], sorted
  std::vector<std::uint8_t> relevant_;
};

class RowEvaluation {
 public:
  RowEvaluation(std::size_t items, const TieBreak& ties, NewcomerScorer& scorer, const NewcomerOptions& options,
                CellTargets& cells)
      : items_(items),
        options_(options),
        scorer_(scorer),
        cells_(cells),
        evaluator_(items, options.metrics, ties, options.coverage_at),
        values_(options.metrics.size()) {}

  ShotRow run(std::span<const HeldOutUser> newcomers, std::size_t shots) {
    ShotRow row{shots, std::vector<std::vector<double>>(options_.metrics.size()), Exposure(items_),
                std::vector<std::vector<double>>(cells_.cells().size())};
    for (std::size_t begin = 0; begin < newcomers.size(); begin += options_.batch_users) {
      const std::size_t count = std::min(options_.batch_users, newcomers.size() - begin);
      add_batch(newcomers.subspan(begin, count), row);
    }
    return row;
  }

 private:
  void add_batch(std::span<const HeldOutUser> batch, ShotRow& row) {
    std::vector<NewcomerQuery> queries;
    for (const HeldOutUser& newcomer : batch) {
      queries.push_back({newcomer.user, newcomer.key, newcomer.support.first(row.shots)});
    }
    scores_.assign(batch.size() * items_, 0.0f);
    scorer_.score(queries, scores_);
    for (std::size_t u = 0; u < batch.size(); ++u) {
      const std::span<const float> scores(scores_.data() + u * items_, items_);
      evaluator_.evaluate(batch[u].key, scores, batch[u].masked, batch[u].targets, values_);
      for (std::size_t m = 0; m < values_.size(); ++m) row.values[m].push_back(values_[m]);
      const auto top = evaluator_.top();
      for (std::size_t cell = 0; cell < row.by_cell.size(); ++cell) {
        row.by_cell[cell].push_back(cells_.value(options_.metrics.front(), top, cell, row.by_cell[cell].size()));
      }
      row.exposure.add_list(top.first(std::min(top.size(), options_.coverage_at)));
    }
  }

  std::size_t items_;
  const NewcomerOptions& options_;
  NewcomerScorer& scorer_;
  CellTargets& cells_;
  RankingEvaluator evaluator_;
  std::vector<double> values_;  // [metrics] of one user
  std::vector<float> scores_;   // [batch, items]
};

}  // namespace

double ShotRow::mean(std::size_t metric) const {
  const std::vector<double>& column = values[metric];
  if (column.empty()) return 0.0;
  return std::accumulate(column.begin(), column.end(), 0.0) / static_cast<double>(column.size());
}

const ShotRow* NewcomerTable::find(std::size_t shots) const {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const ShotRow& r) { return r.shots == shots; });
  return row == rows.end() ? nullptr : &*row;
}

void NewcomerTable::append(const NewcomerTable& next) {
  const bool same_rows = std::equal(rows.begin(), rows.end(), next.rows.begin(), next.rows.end(),
                                    [](const ShotRow& a, const ShotRow& b) { return a.shots == b.shots; });
  if (next.metrics != metrics || next.cells != cells || !same_rows) {
    throw DataError("two newcomer tables cannot be joined", "their metrics, shots or slices differ");
  }
  const auto add = [](std::vector<std::vector<double>>& mine, const std::vector<std::vector<double>>& theirs) {
    for (std::size_t c = 0; c < mine.size(); ++c) mine[c].insert(mine[c].end(), theirs[c].begin(), theirs[c].end());
  };
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r].exposure.merge(next.rows[r].exposure);
    add(rows[r].values, next.rows[r].values);
    add(rows[r].by_cell, next.rows[r].by_cell);
  }
  users.insert(users.end(), next.users.begin(), next.users.end());
  left_out += next.left_out;
}

NewcomerTable evaluate_newcomers(std::span<const HeldOutUser> newcomers, std::size_t items, const TieBreak& ties,
                                 NewcomerScorer& scorer, const NewcomerOptions& options,
                                 std::span<const TargetSlicing> slicings) {
  if (options.batch_users == 0 || options.shots.empty() || options.metrics.empty()) {
    throw ConfigError("nothing to evaluate", "shots, metrics and the batch of users must not be empty");
  }
  const std::size_t largest = *std::max_element(options.shots.begin(), options.shots.end());
  const std::vector<std::size_t> places = evaluable(newcomers, largest);
  std::vector<HeldOutUser> kept;
  for (const std::size_t place : places) kept.push_back(newcomers[place]);
  CellTargets cells(newcomers, places, slicings);

  NewcomerTable table;
  table.cells = cells.cells();
  table.metrics = options.metrics;
  table.left_out = newcomers.size() - kept.size();
  for (const HeldOutUser& newcomer : kept) table.users.push_back(newcomer.key);
  RowEvaluation evaluation(items, ties, scorer, options, cells);
  for (const std::size_t shots : options.shots) {
    if (shots >= scorer.minimum_shots()) table.rows.push_back(evaluation.run(kept, shots));
  }
  return table;
}

}  // namespace coldframe
