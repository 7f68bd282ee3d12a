#include "framework/reporting/simulated_strategies.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/study_plan.h"
#include "framework/reporting/summary.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

/// "softmax" of "softmax-3".
std::string kind_of_world(const SimulationRecord& record) {
  const auto world = record.summary.value("world", std::string("?"));
  return world.substr(0, world.rfind('-'));
}

/// Records that differ in training seed and in the refit of one kind of world alone.
struct Study {
  Json key;
  std::vector<const NamedSimulation*> records;
};

std::vector<Study> studies_of(std::span<const NamedSimulation> simulations) {
  std::vector<Study> studies;
  for (const NamedSimulation& simulation : simulations) {
    const SimulationRecord& record = simulation.record;
    const Json key = {condition_of(record), record.summary.value("data", Json()), kind_of_world(record)};
    const auto known = std::ranges::find(studies, key, &Study::key);
    if (known == studies.end()) {
      studies.push_back({key, {&simulation}});
    } else {
      known->records.push_back(&simulation);
    }
  }
  std::erase_if(studies, [](const Study& study) { return study.records.size() < 2; });
  return studies;
}

std::string label_of(const Study& study) {
  const SimulationRecord& record = study.records.front()->record;
  std::string label =
      fmt::format("{} worlds, lambda {}, {}", kind_of_world(record), record.summary.value("lambda", Json("?")).dump(),
                  record.summary.value("user_model", std::string("?")));
  for (const Json& rule : record.summary.value("dynamics", Json::array())) label += ", " + rule.get<std::string>();
  return label;
}

/// [seeds, worlds]: means over the users of a world.
std::vector<double> by_seed_and_world(const MeasuredDifferences& measured) {
  const std::size_t worlds = measured.tables.size();
  std::vector<double> table(measured.seeds * worlds);
  for (std::size_t w = 0; w < worlds; ++w) {
    const std::size_t users = measured.tables[w].size() / measured.seeds;
    for (std::size_t row = 0; row < measured.tables[w].size(); ++row) {
      table[row / users * worlds + w] += measured.tables[w][row] / static_cast<double>(users);
    }
  }
  return table;
}

struct Pair {
  std::string first, second;
};

std::vector<Pair> pairs_of(const SimulationRecord& record) {
  std::vector<Pair> pairs;
  for (std::size_t a = 0; a < record.policies.size(); ++a) {
    if (record.policies[a].role != "strategy") continue;
    for (std::size_t b = 0; b < record.policies.size(); ++b) {
      const SimulatedPolicy& other = record.policies[b];
      const bool reference = other.name == "popularity" || other.name == "frozen encoder";
      if (reference || (other.role == "strategy" && a < b)) pairs.push_back({record.policies[a].name, other.name});
    }
  }
  return pairs;
}

void judge(const Study& study, const VerdictRules& rules, std::vector<SimulatedStrategyVerdict>& verdicts) {
  const std::string label = label_of(study);
  std::vector<std::vector<double>> tables;  // the family holds spans into them
  std::vector<SimulatedStrategyVerdict> mine;
  std::vector<std::size_t> measured_rows;
  const std::vector<Pair> pairs = pairs_of(study.records.front()->record);
  tables.reserve(pairs.size());
  std::vector<StrategyComparison> family;
  for (const Pair& pair : pairs) {
    SimulatedStrategyVerdict verdict{label, 0, 0, pair.first, pair.second, {}};
    verdict.judged.name = fmt::format("{} - {} ({})", pair.first, pair.second, label);
    try {
      const MeasuredDifferences measured = simulated_differences(study.records, pair.first, pair.second);
      verdict.seeds = measured.seeds;
      verdict.worlds = measured.tables.size();
      tables.push_back(by_seed_and_world(measured));
      family.push_back({verdict.judged.name, measured.seeds, Sampled::worlds, tables.back()});
      measured_rows.push_back(mine.size());
    } catch (const DataError& error) {
      verdict.judged.reason = error.what();
    }
    mine.push_back(std::move(verdict));
  }
  const std::vector<Judgement> judged = judge_strategies(family, rules);
  for (std::size_t i = 0; i < judged.size(); ++i) mine[measured_rows[i]].judged = judged[i];
  std::ranges::move(mine, std::back_inserter(verdicts));
}

}  // namespace

std::vector<SimulatedStrategyVerdict> judge_simulated_strategies(std::span<const NamedSimulation> simulations,
                                                                 const VerdictRules& rules) {
  std::vector<SimulatedStrategyVerdict> verdicts;
  for (const Study& study : studies_of(simulations)) judge(study, rules, verdicts);
  return verdicts;
}

void add_simulated_strategies(Json& tables, std::span<const SimulatedStrategyVerdict> verdicts) {
  if (verdicts.empty()) return;
  TableBuilder table = verdict_table(
      "verdict-simulated-strategies", "Verdict about the strategies on simulated newcomers",
      "Training seeds and worlds are the sample (the worlds of one kind of taste: its fit and bootstrap refits), one "
      "mean difference over users for each; t intervals with Satterthwaite's degrees of freedom, p averaged "
      "over what the variances may be, Holm within each condition. Kinds of taste are conditions of their own.");
  for (const SimulatedStrategyVerdict& verdict : verdicts) table.row(to_json(verdict.judged));
  tables.push_back(table.take());
}

std::vector<std::string> simulated_strategy_summary(std::span<const SimulatedStrategyVerdict> verdicts,
                                                    const VerdictRules& rules) {
  std::vector<std::string> sentences;
  for (std::size_t begin = 0; begin < verdicts.size();) {
    std::vector<JudgedPair> pairs;
    const SimulatedStrategyVerdict& head = verdicts[begin];
    for (; begin < verdicts.size() && verdicts[begin].condition == head.condition; ++begin) {
      pairs.push_back({verdicts[begin].first, verdicts[begin].second, verdicts[begin].judged});
    }
    sentences.push_back(
        verdict_sentence(fmt::format("Trained again, in worlds fitted again ({} seeds x {} worlds; {}):", head.seeds,
                                     head.worlds, head.condition),
                         std::move(pairs), rules, 6));
  }
  return sentences;
}

}  // namespace coldframe
