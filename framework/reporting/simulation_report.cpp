#include "framework/reporting/simulation_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

std::vector<double> rates(const SimulatedPolicy& policy) {
  std::vector<double> values(policy.users.size());
  for (std::size_t u = 0; u < values.size(); ++u) values[u] = policy.expected_rate(u);
  return values;
}

/// Paired numbers of one record. Columns: the rate of every policy, then its distance to popularity.
class SimulationNumbers {
 public:
  SimulationNumbers(const SimulationRecord& record, const BootstrapOptions& options)
      : record_(record), bootstrap_(2 * record.policies.size(), options) {
    const std::size_t policies = record.policies.size();
    const std::size_t popularity = index("popularity");
    std::vector<double> values(2 * policies);
    for (std::size_t u = 0; policies > 0 && u < record.policies.front().users.size(); ++u) {
      for (std::size_t p = 0; p < policies; ++p) values[p] = record.policies[p].expected_rate(u);
      for (std::size_t p = 0; p < policies; ++p) {
        values[policies + p] = popularity < policies ? values[p] - values[popularity] : 0.0;
      }
      bootstrap_.add(UserKey(record.policies.front().users[u]), values);
    }
  }

  Estimate rate(std::size_t policy) const { return bootstrap_.mean(policy); }
  std::optional<Estimate> over(std::size_t policy, std::string_view reference) const {
    const std::size_t other = index(reference);
    if (other == record_.policies.size()) return std::nullopt;
    return bootstrap_.difference(policy, other);
  }
  /// Empty when there is no such range, or its size may be 0.
  std::optional<Estimate> share_of_range(std::size_t policy) const {
    const std::size_t oracle = index("informed oracle"), policies = record_.policies.size();
    const std::optional<Estimate> range = oracle == policies ? std::nullopt : over(oracle, "popularity");
    if (!range || !range->interval || range->interval->contains(0.0)) return std::nullopt;
    return bootstrap_.ratio(policies + policy, policies + oracle);
  }

 private:
  std::size_t index(std::string_view policy) const {
    const SimulatedPolicy* found = record_.find(policy);
    return found == nullptr ? record_.policies.size() : static_cast<std::size_t>(found - record_.policies.data());
  }

  const SimulationRecord& record_;
  PairedBootstrap bootstrap_;
};

std::string condition(const NamedSimulation& simulation) {
  const Json& summary = simulation.record.summary;
  const auto text = [&](const char* key) {
    const Json value = summary.value(key, Json("?"));
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  std::string label = fmt::format("{}, lambda {}, {}", text("world"), text("lambda"), text("user_model"));
  for (const Json& rule : summary.value("dynamics", Json::array())) label += ", " + rule.get<std::string>();
  return label;
}

struct Rows {
  TableBuilder outcome;
  TableBuilder verdicts;
  PlotBuilder rate;
  PlotBuilder share;
  PlotBuilder differences;
};

void add_outcome(Rows& rows, const NamedSimulation& simulation, const std::string& label,
                 const BootstrapOptions& options) {
  const SimulationRecord& record = simulation.record;
  const SimulationNumbers numbers(record, options);
  for (std::size_t p = 0; p < record.policies.size(); ++p) {
    const SimulatedPolicy& policy = record.policies[p];
    const Estimate rate = numbers.rate(p);
    const std::optional<Estimate> share = numbers.share_of_range(p), above = numbers.over(p, "random");
    const auto count = static_cast<double>(policy.users.size());
    const double pages = std::accumulate(policy.pages.begin(), policy.pages.end(), 0.0);
    const double clicks = std::accumulate(policy.clicks.begin(), policy.clicks.end(), 0.0);
    const bool greedy = policy.name == "informed oracle" &&
                        record.summary.value(Json::json_pointer("/informed_oracle/pages"), "") == "greedy";
    std::string flag;
    if (above && policy.role == "strategy" && above->value <= 0.0) flag = "at or below random";
    rows.outcome.row({{"condition", label},
                      {"policy", policy.name},
                      {"role", greedy ? policy.role + ", greedy" : policy.role},
                      {"users", policy.users.size()},
                      {"expected", to_json(rate)},
                      {"sampled", pages > 0 ? Json(clicks / pages) : Json()},
                      {"pages", count > 0 ? Json(pages / count) : Json()},
                      {"clicks", count > 0 ? Json(clicks / count) : Json()},
                      {"share", share ? to_json(*share) : Json()},
                      {"above_random", above ? to_json(*above) : Json()},
                      {"flag", flag}});
    rows.rate.mark(label, policy.name, rate.value, rate.interval);
    if (share) rows.share.mark(label, policy.name, share->value, share->interval);
  }
}

void judge(const NamedSimulation& simulation, const std::string& label, const VerdictRules& rules,
           std::vector<SimulationVerdict>& verdicts) {
  const std::vector<SimulatedPolicy>& policies = simulation.record.policies;
  std::vector<UserKey> users;
  std::vector<std::vector<double>> values;
  for (const SimulatedPolicy& policy : policies) values.push_back(rates(policy));
  for (std::size_t u = 0; !policies.empty() && u < policies.front().users.size(); ++u)
    users.emplace_back(policies.front().users[u]);
  std::vector<CheckpointComparison> family;
  const std::size_t begin = verdicts.size();
  for (std::size_t a = 0; a < policies.size(); ++a) {
    for (std::size_t b = 0; b < policies.size(); ++b) {
      const bool reference = policies[b].name == "popularity" || policies[b].name == "frozen encoder";
      if (policies[a].role != "strategy" || !(reference || (policies[b].role == "strategy" && a < b))) continue;
      family.push_back(
          {fmt::format("{} - {} ({})", policies[a].name, policies[b].name, label), users, values[a], values[b]});
      verdicts.push_back({label, policies[a].name, policies[b].name, {}});
    }
  }
  const std::vector<Judgement> judged = judge_checkpoints(family, rules);
  for (std::size_t i = 0; i < judged.size(); ++i) verdicts[begin + i].judged = judged[i];
}

Rows empty_rows() {
  const char* unit = "expected clicks per page";
  Rows rows{
      TableBuilder(
          "simulation", "Simulated newcomers",
          "Expected clicks per page in closed form, a rate per user, then the mean over users. Share of the attainable "
          "range: (policy - popularity) / (informed oracle - popularity), blank where the interval of the denominator "
          "covers 0. Choices are assumed, not learnt from data, and so are the rules by which users change. Where one "
          "is on, "
          "both oracles are myopic, and policies whose users leave or return by it show other numbers of pages."),
      verdict_table(
          "verdict-simulation", "Verdict about these checkpoints on simulated newcomers",
          "Simulated users are the sample, within one world; Holm within each condition. Nothing here is claimed about "
          "strategies: that takes records of several training seeds in several refitted worlds, which get a table of "
          "their own."),
      PlotBuilder("simulated-clicks", "Simulated outcome", "policy", unit, Marks::points,
                  "95 % bootstrap intervals over simulated users"),
      PlotBuilder("simulated-share", "Share of the attainable range", "policy", "share", Marks::points,
                  "0: popularity, 1: informed oracle"),
      PlotBuilder("simulated-differences", "Paired differences on simulated newcomers",
                  "difference in expected clicks per page", "", Marks::forest,
                  "first - second over the same users, 95 % paired bootstrap interval")};
  rows.outcome.column("condition", "world and choices")
      .column("policy", "policy")
      .column("role", "role")
      .column("users", "users");
  rows.outcome.column("expected", unit)
      .column("sampled", "sampled clicks per page")
      .column("pages", "pages per user")
      .column("clicks", "sampled clicks per user")
      .column("share", "share of attainable range");
  rows.outcome.column("above_random", "difference to random").column("flag", "flag");
  return rows;
}

/// Records of one world and choice model still need names of their own.
std::vector<std::string> labels_of(std::span<const NamedSimulation> simulations) {
  std::vector<std::string> labels;
  for (const NamedSimulation& simulation : simulations) {
    std::string label = condition(simulation);
    if (std::ranges::find(labels, label) != labels.end()) label += fmt::format(", {}", simulation.name);
    labels.push_back(std::move(label));
  }
  return labels;
}

double mean_rate(const SimulatedPolicy& policy) {
  const std::vector<double> values = rates(policy);
  return values.empty() ? 0.0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

std::vector<SimulationVerdict> judge_simulations(std::span<const NamedSimulation> simulations,
                                                 const VerdictRules& rules) {
  std::vector<SimulationVerdict> verdicts;
  const std::vector<std::string> labels = labels_of(simulations);
  for (std::size_t i = 0; i < simulations.size(); ++i) judge(simulations[i], labels[i], rules, verdicts);
  return verdicts;
}

void add_simulation(Json& tables, Json& plots, std::span<const NamedSimulation> simulations,
                    std::span<const SimulationVerdict> verdicts, const VerdictRules& rules) {
  if (simulations.empty()) return;
  Rows rows = empty_rows();
  const std::vector<std::string> labels = labels_of(simulations);
  for (std::size_t i = 0; i < simulations.size(); ++i) {
    BootstrapOptions options = rules.bootstrap;
    options.level = 1.0 - rules.alpha;
    add_outcome(rows, simulations[i], labels[i], options);
  }
  for (const SimulationVerdict& verdict : verdicts) {
    const Judgement& judged = verdict.judged;
    rows.verdicts.row(to_json(judged));
    rows.differences.mark("difference", judged.difference.value, judged.name, judged.difference.interval);
  }
  tables.push_back(rows.outcome.take());
  tables.push_back(rows.verdicts.take());
  for (PlotBuilder* plot : {&rows.rate, &rows.share, &rows.differences}) {
    if (!plot->empty()) plots.push_back(plot->take());
  }
}

std::vector<std::string> order_flips(std::span<const NamedSimulation> simulations) {
  std::set<std::string> sentences;
  for (const NamedSimulation& one : simulations) {
    for (const NamedSimulation& two : simulations) {
      if (&one >= &two) continue;
      std::vector<std::string> axes;
      for (const char* axis : {"population_digest", "world", "lambda", "user_model", "dynamics", "world_drift",
                               "mix_drift", "vocabulary_drift", "catalogue", "onboarding", "search", "ads",
                               "slate_size", "pages", "user_vector", "runs", "seed"}) {
        if (one.record.summary.value(axis, Json()) != two.record.summary.value(axis, Json())) axes.emplace_back(axis);
      }
      if (axes.empty()) axes = {one.name, two.name};
      for (const SimulatedPolicy& a : one.record.policies) {
        for (const SimulatedPolicy& b : one.record.policies) {
          const SimulatedPolicy *other_a = two.record.find(a.name), *other_b = two.record.find(b.name);
          const bool strategies = &a < &b && a.role == "strategy" && b.role == "strategy";
          if (!strategies || other_a == nullptr || other_b == nullptr) continue;
          if ((mean_rate(a) - mean_rate(b)) * (mean_rate(*other_a) - mean_rate(*other_b)) >= 0.0) continue;
          sentences.insert(
              fmt::format("The order of {} and {} flips along: {}.", a.name, b.name, fmt::join(axes, ", ")));
        }
      }
    }
  }
  return {sentences.begin(), sentences.end()};
}

}  // namespace coldframe
