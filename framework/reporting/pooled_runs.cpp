#include "framework/reporting/pooled_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "framework/reporting/run_agreement.h"

namespace coldframe {
namespace {

template <class T>
void add_new(std::vector<T>& list, const T& value) {
  if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}

using RunGrid = std::vector<std::vector<const RunRecord*>>;  // [seeds][folds]

const NewcomerRow* find_row(const RunRecord& record, std::string_view name) {
  const auto found = std::ranges::find(record.newcomers, name, &NewcomerRow::name);
  return found == record.newcomers.end() ? nullptr : &*found;
}

/// One scorer's k over folds (users one after the other) and seeds; no value where a run lacks it.
std::optional<PooledShot> pool_shot(const RunGrid& grid, const std::string& name, std::size_t shots,
                                    std::size_t metrics) {
  PooledShot pooled{shots, {}, 0.0, {}};
  for (const std::vector<const RunRecord*>& of_seed : grid) {
    std::vector<std::vector<double>> values(metrics), by_cell;
    std::optional<Exposure> exposure;
    for (const RunRecord* record : of_seed) {
      const NewcomerRow* row = find_row(*record, name);
      const ShotRow* shot = row == nullptr ? nullptr : row->table.find(shots);
      if (shot == nullptr) return std::nullopt;
      for (std::size_t m = 0; m < metrics; ++m) {
        values[m].insert(values[m].end(), shot->values[m].begin(), shot->values[m].end());
      }
      by_cell.resize(std::max(by_cell.size(), shot->by_cell.size()));
      for (std::size_t c = 0; c < shot->by_cell.size(); ++c) {
        by_cell[c].insert(by_cell[c].end(), shot->by_cell[c].begin(), shot->by_cell[c].end());
      }
      if (exposure) {
        exposure->merge(shot->exposure);
      } else {
        exposure = shot->exposure;
      }
    }
    pooled.values.push_back(std::move(values));
    pooled.by_cell.push_back(std::move(by_cell));
    pooled.coverage += exposure->coverage() / static_cast<double>(grid.size());
  }
  return pooled;
}

PooledScorer pool_scorer(const RunGrid& grid, const NewcomerRow& like, const PooledRuns& pooled) {
  PooledScorer scorer{like.name, like.role, {}, {}};
  for (const std::size_t shots : pooled.shots) {
    if (auto shot = pool_shot(grid, like.name, shots, pooled.metrics.size())) scorer.rows.push_back(std::move(*shot));
  }
  return scorer;
}

bool same_values(const PooledScorer& a, const PooledScorer& b) {
  return std::ranges::equal(a.rows, b.rows, [](const PooledShot& x, const PooledShot& y) {
    return x.shots == y.shots && x.values == y.values;
  });
}

/// Baselines know no training seed: the first one's values stand. A variant whose baseline has other values (another
/// encoder or other templates) gets a line of its own.
void add_scorers(PooledRuns& pooled, const std::string& variant, const RunGrid& grid) {
  for (const NewcomerRow& row : grid.front().front()->newcomers) {
    const bool strategy = row.role == "strategy";
    PooledScorer scorer = pool_scorer(strategy ? grid : RunGrid{grid.front()}, row, pooled);
    if (strategy) {
      scorer.variant = variant;
    } else if (const PooledScorer* known = pooled.find(scorer.name)) {
      if (same_values(*known, scorer)) continue;
      scorer.name = fmt::format("{} ({})", scorer.name, variant);
      scorer.variant = variant;
    }
    pooled.scorers.push_back(std::move(scorer));
  }
}

void sort_runs(PooledRuns& pooled) {
  const auto place = [&](const NamedRun& run) {
    const nlohmann::json& summary = run.record.summary;
    const auto variant = std::ranges::find(pooled.variants, summary.at("variant").get<std::string>());
    return std::tuple(variant - pooled.variants.begin(), summary.at("fold").get<std::int64_t>(),
                      summary.at("seed").get<std::int64_t>());
  };
  std::ranges::sort(pooled.runs, std::less{}, place);
  std::ranges::sort(pooled.folds);
  std::ranges::sort(pooled.seeds);
  std::ranges::sort(pooled.shots);
}

/// The runs of one variant; they stand fold after fold, seeds inside.
RunGrid grid_of(const PooledRuns& pooled, std::size_t variant) {
  RunGrid grid(pooled.seeds.size());
  const std::size_t size = pooled.folds.size() * pooled.seeds.size();
  for (std::size_t i = 0; i < size; ++i)
    grid[i % pooled.seeds.size()].push_back(&pooled.runs[variant * size + i].record);
  return grid;
}

/// Users without a target in a cell must be the same everywhere, or a comparison in it is not paired.
bool same_people_in_cells(const NewcomerTable& a, const NewcomerTable& b) {
  if (a.cells != b.cells) return false;
  if (a.rows.empty() || b.rows.empty()) return true;
  return std::ranges::equal(
      a.rows.front().by_cell, b.rows.front().by_cell, [](const std::vector<double>& x, const std::vector<double>& y) {
        return std::ranges::equal(x, y, [](double p, double q) { return std::isnan(p) == std::isnan(q); });
      });
}

/// The cells that all rows of all runs share.
std::vector<SliceCell> shared_cells(std::span<const NamedRun> runs) {
  std::map<std::int64_t, const NewcomerTable*> first;  // by fold
  const NewcomerTable& any = runs.front().record.newcomers.front().table;
  for (const NamedRun& run : runs) {
    const std::int64_t fold = run.record.summary.at("fold").get<std::int64_t>();
    for (const NewcomerRow& row : run.record.newcomers) {
      const NewcomerTable& peer = *first.try_emplace(fold, &row.table).first->second;
      if (row.table.cells != any.cells || !same_people_in_cells(peer, row.table)) return {};
    }
  }
  return any.cells;
}

/// Groupings of the users of all folds that every run has, with the same labels.
std::vector<UserLabels> shared_groups(std::span<const NamedRun> runs, std::span<const RunRecord* const> folds) {
  std::vector<UserLabels> shared;
  for (const UserLabels& like : runs.front().record.groups) {
    const auto of = [&](const RunRecord& record) {
      const auto found = std::ranges::find(record.groups, like.name, &UserLabels::name);
      return found == record.groups.end() ? nullptr : &*found;
    };
    bool everywhere = true;
    for (const NamedRun& run : runs) {
      const auto fold = std::ranges::find_if(
          folds, [&](const RunRecord* record) { return record->summary.at("fold") == run.record.summary.at("fold"); });
      const UserLabels *mine = of(run.record), *theirs = of(**fold);
      everywhere = everywhere && mine != nullptr && theirs != nullptr && mine->labels == theirs->labels;
    }
    if (!everywhere) continue;
    UserLabels& pooled = shared.emplace_back(UserLabels{like.name, {}});
    for (const RunRecord* record : folds) {
      pooled.labels.insert(pooled.labels.end(), of(*record)->labels.begin(), of(*record)->labels.end());
    }
  }
  return shared;
}

std::vector<double> mean_over_seeds(const std::vector<std::vector<std::vector<double>>>& values, std::size_t column) {
  std::vector<double> mean(values.front()[column].size(), 0.0);
  for (const std::vector<std::vector<double>>& of_seed : values) {
    for (std::size_t u = 0; u < mean.size(); ++u) mean[u] += of_seed[column][u];
  }
  for (double& value : mean) value /= static_cast<double>(values.size());
  return mean;
}

}  // namespace

std::vector<double> PooledShot::over_seeds(std::size_t metric) const { return mean_over_seeds(values, metric); }

std::vector<double> PooledShot::cell_over_seeds(std::size_t cell) const { return mean_over_seeds(by_cell, cell); }

std::vector<double> seed_differences(const PooledShot& first, const PooledShot& second, std::size_t metric) {
  const std::size_t seeds = std::max(first.values.size(), second.values.size());
  std::vector<double> differences;
  for (std::size_t s = 0; s < seeds; ++s) {
    const std::vector<double>& a = first.values[first.values.size() == 1 ? 0 : s][metric];
    const std::vector<double>& b = second.values[second.values.size() == 1 ? 0 : s][metric];
    for (std::size_t u = 0; u < a.size(); ++u) differences.push_back(a[u] - b[u]);
  }
  return differences;
}

const PooledShot* PooledScorer::find(std::size_t shots) const {
  const auto found = std::ranges::find(rows, shots, &PooledShot::shots);
  return found == rows.end() ? nullptr : &*found;
}

bool has_item_prior(const PooledScorer& scorer) { return scorer.name.find(k_item_prior) != std::string::npos; }

const PooledScorer* PooledRuns::find(std::string_view scorer) const {
  const auto found = std::ranges::find(scorers, scorer, &PooledScorer::name);
  return found == scorers.end() ? nullptr : &*found;
}

PooledRuns pool_runs(std::vector<NamedRun> runs) {
  require_comparable(runs);
  PooledRuns pooled;
  pooled.runs = std::move(runs);
  if (pooled.runs.empty()) return pooled;
  for (const NamedRun& run : pooled.runs) {
    const nlohmann::json& summary = run.record.summary;
    add_new(pooled.variants, summary.at("variant").get<std::string>());
    add_new(pooled.folds, summary.at("fold").get<std::int64_t>());
    add_new(pooled.seeds, summary.at("seed").get<std::int64_t>());
    for (const NewcomerRow& row : run.record.newcomers) {
      for (const ShotRow& shot : row.table.rows) add_new(pooled.shots, shot.shots);
    }
  }
  sort_runs(pooled);
  pooled.metrics = pooled.runs.front().record.newcomers.front().table.metrics;
  const RunGrid first = grid_of(pooled, 0);
  for (const RunRecord* record : first.front()) {
    const NewcomerTable& table = record->newcomers.front().table;
    pooled.users.insert(pooled.users.end(), table.users.begin(), table.users.end());
    pooled.left_out += record->summary.value(nlohmann::json::json_pointer("/evaluation/left_out"), table.left_out);
  }
  pooled.cells = shared_cells(pooled.runs);
  pooled.groups = shared_groups(pooled.runs, first.front());
  for (std::size_t v = 0; v < pooled.variants.size(); ++v) add_scorers(pooled, pooled.variants[v], grid_of(pooled, v));
  std::ranges::stable_partition(pooled.scorers, [](const PooledScorer& scorer) { return scorer.role != "strategy"; });
  return pooled;
}

void keep_shots(PooledRuns& pooled, std::span<const std::size_t> shots) {
  if (shots.empty()) return;
  for (const std::size_t k : shots) {
    if (std::ranges::find(pooled.shots, k) != pooled.shots.end()) continue;
    throw ConfigError(fmt::format("shots = {}", k),
                      fmt::format("the runs were evaluated with {}", fmt::join(pooled.shots, ", ")),
                      "choose among these, or evaluate with evaluation.shots");
  }
  const auto dropped = [&](std::size_t k) { return std::ranges::find(shots, k) == shots.end(); };
  std::erase_if(pooled.shots, dropped);
  for (PooledScorer& scorer : pooled.scorers) {
    std::erase_if(scorer.rows, [&](const PooledShot& row) { return dropped(row.shots); });
  }
  // What ranks by likes alone has no row left when no like is shown.
  std::erase_if(pooled.scorers, [](const PooledScorer& scorer) { return scorer.rows.empty(); });
}

}  // namespace coldframe
