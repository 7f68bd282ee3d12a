#include <fmt/format.h>

#include <algorithm>

#include "framework/reporting/newcomer_report.h"
#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

std::string key_of(std::size_t shots) { return fmt::format("k{}", shots); }

void add_shot_columns(TableBuilder& table, const PooledRuns& runs) {
  for (const std::size_t shots : runs.shots) table.column(key_of(shots), fmt::format("k = {}", shots));
}

Json strategies_table(const NewcomerFindings& findings) {
  const PooledRuns& runs = findings.runs;
  const std::string metric = to_string(runs.metrics[0]);
  TableBuilder table(
      "strategies", "Strategies side by side",
      fmt::format("Costs are means over a variant's runs, peak memory is the largest of any rank. {} with 95 % "
                  "paired bootstrap intervals over users; ratio and difference are over the same users.",
                  metric));
  table.column("strategy", "strategy")
      .column("trainable", "trainable parameters")
      .column("seconds", "seconds in steps")
      .column("memory_mb", "peak memory, MB")
      .column("steps", "steps")
      .column("pairs", "pairs seen")
      .column("runs", "runs");
  for (const std::size_t shots : runs.shots) table.column(key_of(shots), fmt::format("{}, k = {}", metric, shots));
  table.column("ratio", fmt::format("ratio to popularity, k = {}", runs.shots.front()))
      .column("above_random", fmt::format("difference to random, k = {}", runs.shots.front()));
  for (const PooledScorer& scorer : runs.scorers) {
    if (scorer.role != "strategy") continue;
    const VariantCost cost = cost_of(runs, scorer.variant);
    Json row = {{"strategy", scorer.name},
                {"trainable", cost.trainable_parameters},
                {"seconds", cost.seconds},
                {"memory_mb", cost.peak_memory_mb},
                {"steps", cost.steps},
                {"pairs", cost.pairs_seen},
                {"runs", runs.folds.size() * runs.seeds.size()}};
    for (const ShotNumbers& numbers : findings.numbers) {
      if (numbers.has(scorer)) row[key_of(numbers.shots())] = to_json(numbers.mean(scorer, 0));
    }
    const ShotNumbers& first = findings.numbers.front();
    const PooledScorer *popularity = runs.find("popularity"), *random = runs.find("random");
    if (popularity != nullptr && first.has(scorer)) row["ratio"] = to_json(first.ratio(scorer, *popularity, 0));
    if (random != nullptr && first.has(scorer)) row["above_random"] = to_json(first.difference(scorer, *random, 0));
    table.row(std::move(row));
  }
  return table.take();
}

Json metric_table(const NewcomerFindings& findings, std::size_t metric) {
  const PooledRuns& runs = findings.runs;
  const std::string name = to_string(runs.metrics[metric]);
  TableBuilder table(
      "quality-" + name, fmt::format("{} after k shown interactions", name),
      "All items are candidates except the first interactions, masked at every k; the same users and targets "
      "for every k. Mean over users and its 95 % bootstrap interval.");
  table.column("scorer", "scorer").column("role", "role");
  add_shot_columns(table, runs);
  for (const PooledScorer& scorer : runs.scorers) {
    Json row = {{"scorer", scorer.name}, {"role", scorer.role}};
    for (const ShotNumbers& numbers : findings.numbers) {
      if (numbers.has(scorer)) row[key_of(numbers.shots())] = to_json(numbers.mean(scorer, metric));
    }
    table.row(std::move(row));
  }
  return table.take();
}

Json coverage_table(const PooledRuns& runs) {
  TableBuilder table(
      "coverage", "Coverage: share of the catalogue that was shown to anyone",
      "Lists of all users together. No interval: resampling users with replacement biases coverage downward.");
  table.column("scorer", "scorer").column("role", "role");
  add_shot_columns(table, runs);
  for (const PooledScorer& scorer : runs.scorers) {
    Json row = {{"scorer", scorer.name}, {"role", scorer.role}};
    for (const PooledShot& shot : scorer.rows) row[key_of(shot.shots)] = shot.coverage;
    table.row(std::move(row));
  }
  return table.take();
}

/// Every metric of every strategy over a reference scorer, as a ratio or as a difference.
Json against(const NewcomerFindings& findings, const char* reference, bool as_ratio) {
  const PooledRuns& runs = findings.runs;
  TableBuilder table(as_ratio ? "ratio-to-popularity" : "difference-to-random",
                     as_ratio ? "Ratio to popularity" : "Difference to random",
                     "Over the same users, with 95 % paired bootstrap intervals.");
  table.column("strategy", "strategy").column("metric", "metric");
  add_shot_columns(table, runs);
  const PooledScorer* other = runs.find(reference);
  for (const PooledScorer& scorer : runs.scorers) {
    if (scorer.role != "strategy" || other == nullptr) continue;
    for (std::size_t m = 0; m < runs.metrics.size(); ++m) {
      Json row = {{"strategy", scorer.name}, {"metric", to_string(runs.metrics[m])}};
      for (const ShotNumbers& numbers : findings.numbers) {
        if (!numbers.has(scorer) || !numbers.has(*other)) continue;
        row[key_of(numbers.shots())] =
            to_json(as_ratio ? numbers.ratio(scorer, *other, m) : numbers.difference(scorer, *other, m));
      }
      table.row(std::move(row));
    }
  }
  return table.take();
}

Json runs_table(const PooledRuns& runs) {
  TableBuilder table("runs", "Runs in this report");
  table.column("run", "run").column("variant", "variant").column("fold", "fold").column("seed", "seed");
  table.column("steps", "steps")
      .column("ranks", "ranks")
      .column("threads", "threads")
      .column("seconds", "seconds in steps");
  table.column("encode_p50", "text to vector, ms, p50").column("encode_p99", "p99");
  table.column("rank_p50", "ranking, ms, p50")
      .column("rank_p99", "p99")
      .column("serving_mb", "peak memory of evaluation, MB");
  table.column("prior", "weight of the item prior").column("digest", "parameter digest").column("revision", "revision");
  for (const NamedRun& run : runs.runs) {
    const Json& summary = run.record.summary;
    const auto at = [&](const char* pointer) { return summary.value(Json::json_pointer(pointer), Json()); };
    const Json serving_bytes = at("/cost/serving/peak_memory_bytes");
    table.row({{"run", run.name},
               {"variant", at("/variant")},
               {"fold", at("/fold")},
               {"seed", at("/seed")},
               {"steps", at("/steps")},
               {"ranks", at("/cost/ranks")},
               {"threads", at("/cost/threads")},
               {"seconds", at("/cost/step_seconds")},
               {"encode_p50", at("/cost/serving/encode_ms/p50")},
               {"encode_p99", at("/cost/serving/encode_ms/p99")},
               {"rank_p50", at("/cost/serving/rank_ms/p50")},
               {"rank_p99", at("/cost/serving/rank_ms/p99")},
               {"serving_mb", serving_bytes.is_number() ? Json(1e-6 * serving_bytes.get<double>()) : Json()},
               {"prior", at("/model/item_prior_weight")},
               {"digest", at("/digest")},
               {"revision", at("/provenance/revision")}});
  }
  return table.take();
}

}  // namespace

VariantCost cost_of(const PooledRuns& runs, const std::string& variant) {
  VariantCost cost;
  double count = 0;
  for (const NamedRun& run : runs.runs) {
    const Json& summary = run.record.summary;
    if (summary.at("variant") != variant) continue;
    const auto number = [&](const char* pointer) { return summary.value(Json::json_pointer(pointer), 0.0); };
    count += 1;
    cost.trainable_parameters = static_cast<std::int64_t>(number("/cost/trainable_parameters"));
    cost.seconds += number("/cost/step_seconds");
    cost.peak_memory_mb = std::max(cost.peak_memory_mb, number("/cost/peak_memory_bytes") * 1e-6);
    cost.steps += number("/steps");
    cost.pairs_seen += number("/pairs_seen");
  }
  for (double* sum : {&cost.seconds, &cost.steps, &cost.pairs_seen}) *sum /= std::max(count, 1.0);
  return cost;
}

void add_newcomer_tables(Json& tables, const NewcomerFindings& findings) {
  tables.push_back(strategies_table(findings));
  for (std::size_t m = 0; m < findings.runs.metrics.size(); ++m) tables.push_back(metric_table(findings, m));
  tables.push_back(coverage_table(findings.runs));
  tables.push_back(against(findings, "popularity", /*as_ratio=*/true));
  tables.push_back(against(findings, "random", /*as_ratio=*/false));
  const std::string metric = to_string(findings.runs.metrics[0]);
  TableBuilder checkpoints = verdict_table(
      "verdict-checkpoints", "Verdict about these checkpoints",
      fmt::format("{}; only the users are a sample (paired bootstrap, sign-flip test, Holm over this table). It says "
                  "nothing about training again.",
                  metric));
  TableBuilder strategies = verdict_table(
      "verdict-strategies", "Verdict about these strategies",
      fmt::format(
          "{}; training seeds and users are samples (crossed variance components, t interval with Satterthwaite's "
          "degrees of freedom, p averaged over what the variances may be, Holm over this table).",
          metric));
  for (const NewcomerVerdict& verdict : findings.verdicts) {
    checkpoints.row(to_json(verdict.checkpoints));
    strategies.row(to_json(verdict.strategies));
  }
  tables.push_back(checkpoints.take());
  tables.push_back(strategies.take());
  tables.push_back(runs_table(findings.runs));
}

}  // namespace coldframe
