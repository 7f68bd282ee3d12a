#include "framework/evaluation/newcomers.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "framework/core/error.h"

namespace coldframe {
namespace {

bool has_reachable_target(const HeldOutUser& newcomer) {
  return std::any_of(newcomer.targets.begin(), newcomer.targets.end(), [&](ItemId target) {
    return std::find(newcomer.masked.begin(), newcomer.masked.end(), target) == newcomer.masked.end();
  });
}

std::vector<HeldOutUser> evaluable(std::span<const HeldOutUser> newcomers, std::size_t largest_shots) {
  std::vector<HeldOutUser> kept;
  std::copy_if(newcomers.begin(), newcomers.end(), std::back_inserter(kept), [&](const HeldOutUser& newcomer) {
    return newcomer.support.size() >= largest_shots && has_reachable_target(newcomer);
  });
  return kept;
}

class RowEvaluation {
 public:
  RowEvaluation(std::size_t items, const TieBreak& ties, NewcomerScorer& scorer, const NewcomerOptions& options)
      : items_(items),
        options_(options),
        scorer_(scorer),
        evaluator_(items, options.metrics, ties, options.coverage_at),
        values_(options.metrics.size()) {}

  ShotRow run(std::span<const HeldOutUser> newcomers, std::size_t shots) {
    ShotRow row{shots, std::vector<std::vector<double>>(options_.metrics.size()), Exposure(items_)};
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
      row.exposure.add_list(top.first(std::min(top.size(), options_.coverage_at)));
    }
  }

  std::size_t items_;
  const NewcomerOptions& options_;
  NewcomerScorer& scorer_;
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
  if (next.metrics != metrics || !same_rows) {
    throw DataError("two newcomer tables cannot be joined", "their metrics or shots differ");
  }
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r].exposure.merge(next.rows[r].exposure);
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      const std::vector<double>& values = next.rows[r].values[m];
      rows[r].values[m].insert(rows[r].values[m].end(), values.begin(), values.end());
    }
  }
  users.insert(users.end(), next.users.begin(), next.users.end());
  left_out += next.left_out;
}

NewcomerTable evaluate_newcomers(std::span<const HeldOutUser> newcomers, std::size_t items, const TieBreak& ties,
                                 NewcomerScorer& scorer, const NewcomerOptions& options) {
  if (options.batch_users == 0 || options.shots.empty() || options.metrics.empty()) {
    throw ConfigError("nothing to evaluate", "shots, metrics and the batch of users must not be empty");
  }
  const std::size_t largest = *std::max_element(options.shots.begin(), options.shots.end());
  const std::vector<HeldOutUser> kept = evaluable(newcomers, largest);

  NewcomerTable table;
  table.metrics = options.metrics;
  table.left_out = newcomers.size() - kept.size();
  for (const HeldOutUser& newcomer : kept) table.users.push_back(newcomer.key);
  RowEvaluation evaluation(items, ties, scorer, options);
  for (const std::size_t shots : options.shots) {
    if (shots >= scorer.minimum_shots()) table.rows.push_back(evaluation.run(kept, shots));
  }
  return table;
}

}  // namespace coldframe
