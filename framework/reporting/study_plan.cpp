#include "framework/reporting/study_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "framework/core/error.h"
#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

Json part_of(const SimulationRecord& record, std::initializer_list<const char*> keys) {
  Json part = Json::array();
  for (const char* key : keys) part.push_back(record.summary.value(key, Json()));
  return part;
}

const SimulatedPolicy& policy_of(const NamedSimulation& simulation, const std::string& name) {
  if (const SimulatedPolicy* found = simulation.record.find(name)) return *found;
  std::string known;
  for (const SimulatedPolicy& policy : simulation.record.policies) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", policy.name);
  }
  throw DataError(fmt::format("{} has no policy '{}'", simulation.name, name), fmt::format("it has {}", known),
                  "name two of them");
}

const PooledScorer& scorer_of(const PooledRuns& runs, const std::string& name) {
  if (const PooledScorer* found = runs.find(name)) return *found;
  std::string known;
  for (const PooledScorer& scorer : runs.scorers) {
    known += fmt::format("{}{}", known.empty() ? "" : ", ", scorer.name);
  }
  throw DataError(fmt::format("the runs have no scorer '{}'", name), fmt::format("they have {}", known),
                  "name two of them");
}

Json components_table(const StudyPlanInput& input) {
  const VarianceComponents& c = input.components;
  TableBuilder table("components", fmt::format("What differences vary by: {}", input.what),
                     input.measured
                         ? fmt::format("measured on {} seeds x {} worlds x {} users", c.seeds, c.worlds, c.users)
                         : "as stated");
  table.column("component", "component").column("variance", "variance").column("divided", "divided by");
  const auto row = [&](const char* name, double variance, const char* divided, bool known) {
    table.row({{"component", name},
               {"variance", known || !input.measured ? Json(fmt::format("{:.6g}", variance)) : Json("not measured")},
               {"divided", divided}});
  };
  row("training seed", c.seed, "seeds", c.seeds > 1);
  row("world", c.world, "worlds", c.worlds > 1);
  row("seed x world", c.seed_world, "seeds x worlds", c.strategies());
  row("user", c.user, "worlds x users", true);
  row("rest", c.rest, "seeds x worlds x users", c.seeds > 1);
  return table.take();
}

Json design_row(const StudyPlanInput& input, const Design& design) {
  return {{"seeds", design.seeds},
          {"worlds", design.worlds},
          {"users", design.users},
          {"minutes", input.cost.of(design)},
          {"detectable", fmt::format("{:.4g}", detectable_effect(input.components, design, input.target))}};
}

/// The fewest users for some numbers of seeds and worlds within the limits, where any number is enough.
Json designs_table(const StudyPlanInput& input) {
  TableBuilder table("designs", fmt::format("Fewest users that find a difference of {}", input.target.effect),
                     fmt::format("power {:.0f} %, two-sided alpha {}, one comparison; users per world",
                                 100 * input.target.power, input.target.alpha));
  table.column("seeds", "seeds").column("worlds", "worlds").column("users", "users").column("minutes", "minutes");
  table.column("detectable", "smallest difference found");
  const auto steps = [](std::size_t least, std::size_t most) {
    std::set<std::size_t> counts;
    for (std::size_t n = least; n <= most && counts.size() < 4; n *= 2) counts.insert(n);
    return counts;
  };
  for (const std::size_t seeds : steps(input.limits.least_seeds, input.limits.most_seeds)) {
    for (const std::size_t worlds : steps(input.limits.least_worlds, input.limits.most_worlds)) {
      DesignLimits here = input.limits;
      here.least_seeds = here.most_seeds = seeds;
      here.least_worlds = here.most_worlds = worlds;
      const std::optional<Design> design = plan_design(input.components, input.target, input.cost, here);
      if (design) table.row(design_row(input, *design));
    }
  }
  return table.take();
}

std::vector<std::string> limits_of(const StudyPlanInput& input) {
  std::vector<std::string> limits;
  const VarianceComponents& c = input.components;
  if (input.measured && c.seeds < 2) {
    limits.emplace_back("one training seed: this plans a claim about these checkpoints, not about strategies");
  }
  if (input.measured && c.worlds < 2) {
    limits.emplace_back(
        "one world: this plans a claim about users of this world; how far it holds in others was not "
        "measured");
  }
  if (input.seeds_by_order) {
    limits.emplace_back(
        "the records do not name the seeds of their runs: seeds of different worlds were paired by the order of the "
        "files");
  }
  if (input.measured && (c.seeds < 5 || c.worlds < 5)) {
    limits.push_back(fmt::format("variances between {} seeds and {} worlds are rough: plan again when more are there",
                                 c.seeds, c.worlds));
  }
  limits.emplace_back("for one comparison: divide alpha by the number of comparisons that Holm will correct for");
  if (input.cost.seed == 0 && input.cost.user == 0 && input.cost.world == 0) {
    limits.emplace_back("no costs were stated: the plan takes the fewest seeds, then worlds");
  }
  return limits;
}

/// The records of one world.
struct WorldRecords {
  Json world;
  std::vector<const NamedSimulation*> records;
};

/// Variants and seeds of the runs that were simulated; null when the record names none.
Json seeds_of(const NamedSimulation& simulation) {
  const Json runs = simulation.record.summary.value("runs", Json::array());
  if (runs.empty()) return {};
  Json seeds = Json::array();
  for (const Json& run : runs) seeds.push_back({run.value("variant", Json()), run.value("seed", Json())});
  std::sort(seeds.begin(), seeds.end());
  return seeds;
}

/// Brings the records of every world into the order of their seeds; says no, and leaves the order of the files, when
/// some record does not name its seeds.
bool order_by_seed(std::vector<WorldRecords>& worlds) {
  for (const WorldRecords& world : worlds) {
    if (std::ranges::any_of(world.records, [](const auto* record) { return seeds_of(*record).is_null(); })) {
      return false;
    }
  }
  for (WorldRecords& world : worlds) {
    std::ranges::stable_sort(world.records, {}, [](const auto* record) { return seeds_of(*record); });
    const auto twice =
        std::ranges::adjacent_find(world.records, {}, [](const auto* record) { return seeds_of(*record); });
    if (twice == world.records.end()) continue;
    throw DataError(fmt::format("{} and {} are of one world and one seed", (*twice)->name, (*(twice + 1))->name),
                    "a seed counts once in a world", "leave one of them out");
  }
  for (const WorldRecords& world : worlds) {
    const std::size_t common = std::min(world.records.size(), worlds.front().records.size());
    for (std::size_t s = 0; s < common; ++s) {
      const NamedSimulation &here = *world.records[s], &there = *worlds.front().records[s];
      if (seeds_of(here) == seeds_of(there)) continue;
      throw DataError(fmt::format("{} and {} should be of one seed", there.name, here.name),
                      fmt::format("they are of {} and {}", seeds_of(there).dump(), seeds_of(here).dump()),
                      "simulate the same seeds in every world");
    }
  }
  return true;
}

}  // namespace

Json condition_of(const SimulationRecord& record) {
  return part_of(record, {"lambda", "user_model", "dynamics", "world_drift", "mix_drift", "vocabulary_drift",
                          "catalogue", "onboarding", "search", "ads", "slate_size", "pages", "user_vector"});
}

MeasuredDifferences simulated_differences(std::span<const NamedSimulation> simulations, const std::string& policy,
                                          const std::string& against) {
  std::vector<const NamedSimulation*> records;
  for (const NamedSimulation& simulation : simulations) records.push_back(&simulation);
  return simulated_differences(records, policy, against);
}

MeasuredDifferences simulated_differences(std::span<const NamedSimulation* const> simulations,
                                          const std::string& policy, const std::string& against) {
  MeasuredDifferences out{fmt::format("{} - {}, expected clicks per page", policy, against), {}, 0};
  std::vector<WorldRecords> worlds;
  for (const NamedSimulation* record : simulations) {
    const NamedSimulation& simulation = *record;
    if (condition_of(simulation.record) != condition_of(simulations.front()->record)) {
      throw DataError(
          fmt::format("{} and {} differ in more than world and seed", simulations.front()->name, simulation.name),
          "their differences do not vary by chance alone", "plan for each condition by itself");
    }
    const Json world = part_of(simulation.record, {"population_digest", "world"});
    const auto known = std::ranges::find(worlds, world, &WorldRecords::world);
    if (known == worlds.end()) {
      worlds.push_back({world, {&simulation}});
    } else {
      known->records.push_back(&simulation);
    }
  }
  const bool by_seed = order_by_seed(worlds);
  for (const auto& [world, records] : worlds) {
    std::vector<double> table;
    for (const NamedSimulation* simulation : records) {
      const SimulatedPolicy &a = policy_of(*simulation, policy), &b = policy_of(*simulation, against);
      if (a.users != policy_of(*records.front(), policy).users) {
        throw DataError(fmt::format("{} and {} have other users", records.front()->name, simulation->name),
                        "seeds are compared on the same people", "simulate the same users for each seed");
      }
      for (std::size_t u = 0; u < a.users.size(); ++u) table.push_back(a.expected_rate(u) - b.expected_rate(u));
    }
    if (out.seeds != 0 && (records.size() != out.seeds || table.size() != out.tables.front().size())) {
      throw DataError(
          fmt::format("world of {} has {} seeds, another has {}", records.front()->name, records.size(), out.seeds),
          "every world needs the same seeds and as many users", "add the missing simulations");
    }
    out.seeds = records.size();
    out.tables.push_back(std::move(table));
  }
  out.seeds_by_order = !by_seed && out.seeds > 1;
  return out;
}

MeasuredDifferences newcomer_differences(const PooledRuns& runs, const std::string& scorer, const std::string& against,
                                         std::size_t shots, const std::string& metric) {
  const auto at = std::ranges::find(runs.metrics, metric, [](const MetricCut& cut) { return to_string(cut); });
  if (at == runs.metrics.end()) {
    throw DataError(fmt::format("the runs have no metric '{}'", metric), {}, "name one that evaluate printed");
  }
  const PooledShot *a = scorer_of(runs, scorer).find(shots), *b = scorer_of(runs, against).find(shots);
  if (a == nullptr || b == nullptr) {
    throw DataError(fmt::format("no numbers at k = {} for {} and {}", shots, scorer, against), {},
                    "name a k that both were evaluated at");
  }
  const auto index = static_cast<std::size_t>(at - runs.metrics.begin());
  return {fmt::format("{} - {}, {} at k = {}", scorer, against, metric, shots),
          {seed_differences(*a, *b, index)},
          std::max(a->values.size(), b->values.size())};
}

DesignLimits plannable(DesignLimits limits, const VarianceComponents& components) {
  if (components.seeds < 2) limits.least_seeds = limits.most_seeds = 1;
  if (components.worlds < 2) limits.least_worlds = limits.most_worlds = 1;
  return limits;
}

nlohmann::json study_plan(const StudyPlanInput& input) {
  const std::optional<Design> best = plan_design(input.components, input.target, input.cost, input.limits);
  const VarianceComponents& c = input.components;
  Json present;
  if (input.measured) present = detectable_effect(c, {c.seeds, c.worlds, c.users}, input.target);
  return {{"facts",
           {{"what", input.what},
            {"effect", input.target.effect},
            {"power", input.target.power},
            {"alpha", input.target.alpha},
            {"detectable_now", present},
            {"plan", best ? design_row(input, *best) : Json()}}},
          {"tables", Json::array({components_table(input), designs_table(input)})},
          {"limits", limits_of(input)}};
}

std::string study_plan_text(const nlohmann::json& report) {
  const Json& facts = report.at("facts");
  std::string text;
  for (const Json& table : report.at("tables")) text += table_text(table) + '\n';
  if (!facts.at("detectable_now").is_null()) {
    text += fmt::format("smallest difference found with what was measured: {:.4g}\n",
                        facts.at("detectable_now").get<double>());
  }
  if (const Json& plan = facts.at("plan"); !plan.is_null()) {
    text += fmt::format("cheapest design: {} seeds, {} worlds, {} users per world, {:.1f} minutes\n",
                        plan.at("seeds").get<std::size_t>(), plan.at("worlds").get<std::size_t>(),
                        plan.at("users").get<std::size_t>(), plan.at("minutes").get<double>());
  } else {
    text += fmt::format(
        "no design within the limits finds a difference of {}: users alone do not remove what varies "
        "between seeds and worlds\n",
        facts.at("effect").get<double>());
  }
  for (const Json& limit : report.at("limits")) text += fmt::format("  {}\n", limit.get<std::string>());
  return text;
}

}  // namespace coldframe
