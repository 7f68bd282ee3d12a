#include "tests/reporting/tiny_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "framework/core/hash.h"

namespace coldframe::testing {
namespace {

constexpr std::size_t k_items = 12;

/// Uniform in [0, 1), a function of the three words.
double draw(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  return static_cast<double>(stable_hash(fmt::format("{} {} {}", a, b, c)) >> 11) * 0x1p-53;
}

NewcomerRow row(const std::string& name, const std::string& role, const TinyRun& what, double quality,
                std::vector<std::size_t> shots) {
  NewcomerRow result{name, role, {}};
  NewcomerTable& table = result.table;
  table.metrics = {{RankingMetric::ndcg, 10}, {RankingMetric::recall, 20}, {RankingMetric::mrr, 10}};
  table.left_out = 7;
  table.cells = {{"popularity", "head"}, {"popularity", "tail"}};
  const auto first = static_cast<std::uint64_t>(what.fold) * 1000;
  for (std::uint64_t u = 0; u < what.users; ++u) table.users.emplace_back(first + u);
  const std::uint64_t own = stable_hash(name, role == "strategy" ? static_cast<std::uint64_t>(what.seed) : 0);
  for (const std::size_t k : shots) {
    ShotRow shot{k, std::vector<std::vector<double>>(3), Exposure(k_items)};
    std::vector<std::uint64_t> shown(k_items);
    for (std::uint64_t u = 0; u < what.users; ++u) {
      const double ease = draw(first + u, 1, 1);  // shared by all rows: that is what pairing takes out
      const double value = std::clamp(
          quality * (0.4 + ease) + 0.01 * static_cast<double>(k) + 0.1 * (draw(own, first + u, k) - 0.5), 0.0, 1.0);
      shot.values[0].push_back(value);
      shot.values[1].push_back(value / 2);
      shot.values[2].push_back(std::min(1.0, value * 1.5));
      for (std::size_t i = 0; i < 10; ++i)
        shown[static_cast<std::size_t>(draw(own, u, i) * (role == "floor" ? 12 : 7))] += 1;
    }
    shot.by_cell.resize(2);
    for (std::size_t u = 0; u < what.users; ++u) {
      shot.by_cell[0].push_back(0.9 * shot.values[0][u]);
      const bool none = u % 5 == 0;  // has nothing to find in the tail
      shot.by_cell[1].push_back(none ? std::numeric_limits<double>::quiet_NaN() : 0.5 * shot.values[0][u]);
    }
    shot.exposure = Exposure::from_counts(shown);
    table.rows.push_back(std::move(shot));
  }
  return result;
}

MetricsTable tiny_metrics() {
  const double none = std::numeric_limits<double>::quiet_NaN();
  MetricsTable metrics;
  metrics.columns = {{"loss", {}}, {"learning_rate", {}}, {"time.seconds", {}}, {"score", {}}};
  const auto add = [&](std::int64_t step, const char* kind, std::vector<double> values) {
    metrics.steps.push_back(step);
    metrics.kinds.emplace_back(kind);
    for (std::size_t c = 0; c < values.size(); ++c) metrics.columns[c].second.push_back(values[c]);
  };
  for (std::int64_t step = 1; step <= 30; ++step) {
    add(step, "step", {3.0 / static_cast<double>(step), 1e-3, 0.25, none});
    if (step % 10 == 0) add(step, "validation", {none, none, none, 0.01 * static_cast<double>(step)});
  }
  return metrics;
}

SimulatedPolicy policy(const std::string& name, const std::string& role, std::size_t users, double rate) {
  SimulatedPolicy result{name, role, {}, {}, {}, {}, {50, 50}, {5, 6}, {5.5, 6.25}, {1, 2, 3}};
  for (std::uint64_t u = 0; u < users; ++u) {
    result.users.push_back(u);
    result.pages.push_back(10);
    const double expected = 10 * rate * (0.5 + draw(u, 2, 2)) + 0.05 * draw(stable_hash(name), u, 3);
    result.expected.push_back(expected);
    result.clicks.push_back(static_cast<std::uint32_t>(expected));
  }
  return result;
}

}  // namespace

RunRecord tiny_run(const TinyRun& what) {
  RunRecord record;
  record.summary = {
      {"variant", what.variant},
      {"strategies", {what.variant}},
      {"seed", what.seed},
      {"fold", what.fold},
      {"steps", 30},
      {"pairs_seen", 960},
      {"finished", true},
      {"failure", nullptr},
      {"identity",
       {{"config", what.variant + std::to_string(what.seed)}, {"data", "d0"}, {"encoder", "e0"}, {"tokenizer", "t0"}}},
      {"provenance", {{"version", "0.1.0"}, {"revision", "abc"}}},
      {"roles", {{"train", "T"}, {"validate", "V"}, {"world", "W"}, {"held_out", fmt::format("H{}", what.fold)}}},
      {"cost",
       {{"trainable_parameters", what.variant == "frozen" ? 0 : 1000 + 500 * what.variant.size()},
        {"step_seconds", 7.5},
        {"peak_memory_bytes", 3000000000ULL},
        {"ranks", 1},
        {"threads", 2}}},
      {"model", {{"scale", 20.0}, {"item_prior_weight", 1.5}}},
      {"evaluation",
       {{"options", {{"masked", 10}, {"tie_seed", 17}}},
        {"user_vector", "reencode"},
        {"test_users", what.users},
        {"left_out", 7},
        {"ordered_by_time", true},
        {"items", k_items}}}};
  record.config = {{"experiment", {{"name", "tiny"}, {"seed", what.seed}}}, {"optimizer", {{"learning_rate", 1e-3}}}};
  record.metrics = tiny_metrics();
  record.train_users = {11, 12, 13};
  record.validate_users = {21};
  record.newcomers = {
      row("random", "floor", what, 0.02, {0, 1, 3}), row("popularity", "baseline", what, 0.4, {0, 1, 3}),
      row("item-kNN", "baseline", what, 0.35, {1, 3}), row("frozen encoder", "baseline", what, 0.1, {0, 1, 3})};
  if (what.priors) record.newcomers.push_back(row("frozen encoder + item prior", "baseline", what, 0.4, {0, 1, 3}));
  record.newcomers.push_back(row(what.variant, "strategy", what, what.quality, {0, 1, 3}));
  if (what.priors)
    record.newcomers.push_back(row(what.variant + " + item prior", "strategy", what, what.quality + 0.1, {0, 1, 3}));
  record.groups = {{"gender", {}}, {"age:25:45", {}}};
  for (std::size_t u = 0; u < what.users; ++u) {
    record.groups[0].labels.emplace_back(u % 4 == 0 ? "M" : "F");
    record.groups[1].labels.emplace_back(u == 0 ? "" : "age below 25");
  }
  return record;
}

SimulationRecord tiny_simulation(const std::vector<std::string>& strategies, std::size_t users) {
  SimulationRecord record;
  record.summary = {{"population", "tiny"},
                    {"population_digest", "p0"},
                    {"world", "softmax-0"},
                    {"lambda", 1.0},
                    {"user_model", "mnl"},
                    {"dynamics", nlohmann::json::array()},
                    {"seed", 1},
                    {"users", users},
                    {"pages", 10},
                    {"data", "d0"},
                    {"digest", "r0"}};
  record.config = {{"simulation", {{"users", users}}}};
  record.policies = {policy("random", "floor", users, 0.05), policy("popularity", "baseline", users, 0.2)};
  double rate = 0.2;
  for (const std::string& name : strategies) record.policies.push_back(policy(name, "strategy", users, rate += 0.05));
  record.policies.push_back(policy("informed oracle", "ceiling", users, 0.5));
  record.policies.push_back(policy("oracle", "ceiling", users, 0.6));
  return record;
}

}  // namespace coldframe::testing
