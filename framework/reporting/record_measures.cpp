#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/reporting/measures.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

constexpr std::string_view k_prior = " + item prior";

/// One value per user of a scorer at one k, or of a policy. Borrowed.
struct Column {
  const std::vector<UserKey>* users;
  const std::vector<double>* values;
};

Estimate bootstrapped(const Column& column, const BootstrapOptions& options) {
  PairedBootstrap means(1, options);
  for (std::size_t u = 0; u < column.users->size(); ++u) means.add((*column.users)[u], {&(*column.values)[u], 1});
  return means.mean(0);
}

Measure mean_of(const Column& column, const BootstrapOptions& options) {
  Measure measure = measure_of(bootstrapped(column, options));
  measure.users = *column.users;
  measure.per_user = *column.values;
  return measure;
}

PairedBootstrap paired(const Column& a, const Column& b, const BootstrapOptions& options) {
  PairedBootstrap pairs(2, options);
  for (std::size_t u = 0; u < a.users->size(); ++u) {
    const double values[] = {(*a.values)[u], (*b.values)[u]};
    pairs.add((*a.users)[u], values);
  }
  return pairs;
}

void add_against(Measures& measures, const std::string& name, const std::string& other, const Column& mine,
                 const Column& theirs, const BootstrapOptions& options) {
  measures.add(fmt::format("{}.minus_{}", name, other),
               [=] { return measure_of(paired(mine, theirs, options).difference(0, 1)); });
  measures.add(fmt::format("{}.over_{}", name, other),
               [=] { return measure_of(paired(mine, theirs, options).ratio(0, 1)); });
}

const NewcomerRow* find_row(const RunRecord& record, std::string_view name) {
  const auto found = std::ranges::find(record.newcomers, name, &NewcomerRow::name);
  return found == record.newcomers.end() ? nullptr : &*found;
}

/// "frozen encoder + item prior" beside a row with prior, and "frozen encoder" beside one without, are both
/// frozen_encoder; rows that exist without a prior alone stand beside both.
const NewcomerRow* counterpart(const RunRecord& record, const NewcomerRow& other, bool with_prior) {
  const NewcomerRow* own = with_prior ? find_row(record, other.name + std::string(k_prior)) : nullptr;
  return own != nullptr ? own : &other;
}

/// All measures of one k of one of the strategy's two rows. `part` is "shot0" or "shot0.with_prior".
void add_shot(Measures& measures, const RunRecord& record, const NewcomerRow& row, const ShotRow& shot,
              const std::string& part, bool with_prior, const BootstrapOptions& options) {
  for (std::size_t m = 0; m < row.table.metrics.size(); ++m) {
    const std::string name = fmt::format("evaluation.{}.{}", to_string(row.table.metrics[m]), part);
    const Column mine{&row.table.users, &shot.values[m]};
    measures.add(name, [=] { return mean_of(mine, options); });
    for (const NewcomerRow& baseline : record.newcomers) {
      if (baseline.role == "strategy" || baseline.name.ends_with(k_prior)) continue;
      const NewcomerRow& other = *counterpart(record, baseline, with_prior);
      const ShotRow* theirs = other.table.find(shot.shots);
      if (theirs == nullptr) continue;
      add_against(measures, name, measure_word(baseline.name), mine, {&other.table.users, &theirs->values[m]}, options);
    }
  }
  measures.add_value(fmt::format("evaluation.coverage.{}", part), shot.exposure.coverage());
}

void add_baseline(Measures& measures, const NewcomerRow& row, const BootstrapOptions& options) {
  const std::string word = measure_word(row.name);
  for (const ShotRow& shot : row.table.rows) {
    for (std::size_t m = 0; m < row.table.metrics.size(); ++m) {
      const Column column{&row.table.users, &shot.values[m]};
      measures.add(fmt::format("evaluation.{}.shot{}.of_{}", to_string(row.table.metrics[m]), shot.shots, word),
                   [=] { return mean_of(column, options); });
    }
    measures.add_value(fmt::format("evaluation.coverage.shot{}.of_{}", shot.shots, word), shot.exposure.coverage());
  }
}

/// Numbers at any depth: cost.serving.encode_ms.p99.
void add_numbers(Measures& measures, const std::string& name, const Json& value) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) add_numbers(measures, fmt::format("{}.{}", name, key), inner);
  } else if (value.is_number()) {
    measures.add_value(name, value.get<double>());
  }
}

/// A number with an interval as JSON of a summary holds it: {value, low, high}.
Measure stored_measure(const Json& estimate) {
  Measure measure{.value = std::nullopt, .estimated = true, .interval = std::nullopt, .users = {}, .per_user = {}};
  if (estimate.at("value").is_number()) measure.value = estimate.at("value").get<double>();
  if (estimate.at("low").is_number()) measure.interval = Interval{estimate.at("low"), estimate.at("high")};
  return measure;
}

void add_tasks(Measures& measures, const Json& tasks) {
  const auto add = [&](const std::string& name, const Json& estimate) {
    measures.add("evaluation.tasks." + name, [found = stored_measure(estimate)] { return found; });
  };
  for (const auto& [name, estimate] : tasks.at("numbers").items()) add(name, estimate);
  if (!tasks.contains("prequential_mean")) return;
  add("next", tasks.at("prequential_mean"));
  add("next.minus_popularity", tasks.at("prequential_over_popularity"));
}

/// The same of what was measured with the item prior: evaluation.tasks.with_prior.average, ...
void add_tasks_with_prior(Measures& measures, const Json& tasks) {
  const Measures all = [&] {
    Measures found;
    add_tasks(found, tasks);
    return found;
  }();
  for (const std::string& name : all.names()) {
    const std::string renamed =
        "evaluation.tasks.with_prior" + name.substr(std::string_view("evaluation.tasks").size());
    measures.add(renamed, [found = all.find(name)] { return found; });
  }
}

/// Numbers of a report's tables as they are.
void add_calibration(Measures& measures, const Json& report) {
  const Measures all = report_measures("evaluation", report);
  for (const std::string& name : all.names()) measures.add(name, [found = all.find(name)] { return found; });
}

/// Calls visit(user, expected clicks per page under the policies asked for) for every user, in order.
using VisitRates = std::function<void(UserKey, std::span<const double>)>;
using EachRate = std::function<void(std::span<const std::size_t> policies, const VisitRates& visit)>;

Measure mean_rate(const EachRate& each, std::size_t policy, const BootstrapOptions& options) {
  PairedBootstrap means(1, options);
  Measure measure;
  each({&policy, 1}, [&](UserKey user, std::span<const double> rates) {
    means.add(user, rates);
    measure.users.push_back(user);
    measure.per_user.push_back(rates.front());
  });
  const Measure mean = measure_of(means.mean(0));
  measure.value = mean.value;
  measure.estimated = mean.estimated;
  measure.interval = mean.interval;
  return measure;
}

PairedBootstrap paired_rates(const EachRate& each, std::size_t a, std::size_t b, const BootstrapOptions& options) {
  PairedBootstrap pairs(2, options);
  const std::size_t both[] = {a, b};
  each(both, [&](UserKey user, std::span<const double> rates) { pairs.add(user, rates); });
  return pairs;
}

/// (policy - popularity) / (informed oracle - popularity); without a value where the range may be 0.
Measure share_of_range(const EachRate& each, std::size_t policy, std::size_t popularity, std::size_t oracle,
                       const BootstrapOptions& options) {
  PairedBootstrap pairs(2, options);
  const std::size_t three[] = {policy, popularity, oracle};
  each(three, [&](UserKey user, std::span<const double> rates) {
    const double values[] = {rates[0] - rates[1], rates[2] - rates[1]};
    pairs.add(user, values);
  });
  const Estimate range = pairs.mean(1);
  if (!range.interval || range.interval->contains(0.0)) return {std::nullopt, true, std::nullopt, {}, {}};
  return measure_of(pairs.ratio(0, 1));
}

void add_policy(Measures& measures, const SimulationRecord& record, const EachRate& each, std::size_t p,
                const std::string& word, const BootstrapOptions& options) {
  const std::string name = fmt::format("simulation.{}", word);
  measures.add(name + ".expected", [=] { return mean_rate(each, p, options); });
  std::optional<std::size_t> popularity, oracle;
  for (std::size_t b = 0; b < record.policies.size(); ++b) {
    const std::string& other = record.policies[b].name;
    if (other == "popularity") popularity = b;
    if (other == "informed oracle") oracle = b;
    if (b != p) {
      const std::string theirs = measure_word(other);
      measures.add(fmt::format("{}.minus_{}", name, theirs),
                   [=] { return measure_of(paired_rates(each, p, b, options).difference(0, 1)); });
      measures.add(fmt::format("{}.over_{}", name, theirs),
                   [=] { return measure_of(paired_rates(each, p, b, options).ratio(0, 1)); });
    }
  }
  if (!popularity || !oracle) return;
  measures.add(name + ".share", [=] { return share_of_range(each, p, *popularity, *oracle, options); });
}

Measures measures_of(const SimulationRecord& record, const EachRate& each, const BootstrapOptions& bootstrap) {
  Measures measures;
  const auto strategies = std::ranges::count(record.policies, "strategy", &SimulatedPolicy::role);
  for (std::size_t p = 0; p < record.policies.size(); ++p) {
    const SimulatedPolicy& policy = record.policies[p];
    add_policy(measures, record, each, p, measure_word(policy.name), bootstrap);
    if (policy.role == "strategy" && strategies == 1) add_policy(measures, record, each, p, "strategy", bootstrap);
  }
  return measures;
}

}  // namespace

Measures newcomer_measures(const RunRecord& record, const BootstrapOptions& bootstrap) {
  Measures measures;
  const std::string name = record.summary.at("variant");
  for (const bool with_prior : {false, true}) {
    const NewcomerRow* row = find_row(record, with_prior ? name + std::string(k_prior) : name);
    if (row == nullptr) continue;
    for (const ShotRow& shot : row->table.rows) {
      const std::string part = fmt::format("shot{}{}", shot.shots, with_prior ? ".with_prior" : "");
      add_shot(measures, record, *row, shot, part, with_prior, bootstrap);
    }
  }
  for (const NewcomerRow& row : record.newcomers) {
    if (row.role != "strategy") add_baseline(measures, row, bootstrap);
  }
  if (!record.newcomers.empty()) {
    const NewcomerTable& table = record.newcomers.front().table;
    measures.add_value("evaluation.users", static_cast<double>(table.users.size()));
    measures.add_value("evaluation.left_out", static_cast<double>(table.left_out));
  }
  add_numbers(measures, "cost", record.summary.value("cost", Json::object()));
  if (record.summary.contains("calibration")) add_calibration(measures, record.summary.at("calibration"));
  if (!record.summary.contains("continual")) return measures;
  const Json& tasks = record.summary.at("continual");
  add_tasks(measures, tasks);
  if (tasks.contains("with_prior")) add_tasks_with_prior(measures, tasks.at("with_prior"));
  return measures;
}

Measures simulation_measures(const SimulationRecord& record, const BootstrapOptions& bootstrap) {
  const auto each = [&record](std::span<const std::size_t> policies, const VisitRates& visit) {
    std::vector<double> rates(policies.size());
    for (std::size_t u = 0; u < record.policies[policies.front()].users.size(); ++u) {
      for (std::size_t p = 0; p < policies.size(); ++p) rates[p] = record.policies[policies[p]].expected_rate(u);
      visit(UserKey(record.policies[policies.front()].users[u]), rates);
    }
  };
  return measures_of(record, each, bootstrap);
}

Measures simulation_measures(std::shared_ptr<const SimulationRecordReader> record, const BootstrapOptions& bootstrap) {
  const SimulationRecord& head = record->head();
  const auto each = [record](std::span<const std::size_t> policies, const VisitRates& visit) {
    std::vector<double> rates(policies.size());
    record->each_user(policies, [&](std::uint64_t user, std::span<const SimulatedUser> outcomes) {
      std::ranges::transform(outcomes, rates.begin(), &SimulatedUser::rate);
      visit(UserKey(user), rates);
    });
  };
  return measures_of(head, each, bootstrap);
}

}  // namespace coldframe
