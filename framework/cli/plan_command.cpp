#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "framework/cli/finished_run.h"
#include "framework/cli/report_output.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/reporting/study_plan.h"

namespace coldframe {
namespace {

struct PlanOptions final : Options {
  double effect = 0;
  double power = 0.8, alpha = 0.05;
  std::vector<std::string> simulation, run;
  std::string policy, against = "popularity", metric = "ndcg@10";
  std::int64_t shots = 0;
  double seed_variance = 0, world_variance = 0, seed_world_variance = 0, user_variance = 0, rest_variance = 0;
  double seed_minutes = -1, user_minutes = 0, world_minutes = 0;
  std::int64_t least_seeds = 5, least_worlds = 10, most_seeds = 50, most_worlds = 100, most_users = 10'000'000;
  std::string output;

  void describe(OptionVisitor& visitor) override {
    describe_question(visitor);
    describe_variances(visitor);
    describe_designs(visitor);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
  }
  std::vector<Problem> validate() const override;
  bool stated() const { return user_variance > 0 || rest_variance > 0; }

 private:
  void describe_question(OptionVisitor& visitor);
  void describe_variances(OptionVisitor& visitor);
  void describe_designs(OptionVisitor& visitor);
};

void PlanOptions::describe_question(OptionVisitor& visitor) {
  visitor.visit({.name = "effect", .doc = "smallest difference of interest", .minimum = 0}, effect);
  visitor.visit(
      {.name = "power", .doc = "probability to find it", .minimum = 0, .maximum = 0.999, .minimum_exclusive = true},
      power);
  visitor.visit(
      {.name = "alpha", .doc = "two-sided, per comparison", .minimum = 0, .maximum = 0.5, .minimum_exclusive = true},
      alpha);
  visitor.visit(
      {.name = "simulation", .doc = "record to measure variances on; one per training seed and world, in any order"},
      simulation);
  visitor.visit({.name = "run", .doc = "evaluated run folder to measure variances on; one per training seed"}, run);
  visitor.visit({.name = "policy", .doc = "the policy, or scorer of the runs, whose difference is planned for"},
                policy);
  visitor.visit({.name = "against", .doc = "the other one"}, against);
  visitor.visit({.name = "metric", .doc = "of runs"}, metric);
  visitor.visit({.name = "shots", .doc = "of runs: likes the newcomers have shown", .unit = "likes", .minimum = 0},
                shots);
}

void PlanOptions::describe_variances(OptionVisitor& visitor) {
  const auto variance = [&](const char* name, const char* doc, double& value) {
    visitor.visit({.name = name, .doc = doc, .minimum = 0}, value);
  };
  variance("seed-variance", "stated instead of measured: between training seeds", seed_variance);
  variance("world-variance", "between worlds", world_variance);
  variance("seed-world-variance", "of seeds in worlds", seed_world_variance);
  variance("user-variance", "between users, the same under every seed", user_variance);
  variance("rest-variance", "of what is left", rest_variance);
}

void PlanOptions::describe_designs(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "seed-minutes", .doc = "to train a seed; -1: as the runs took", .unit = "minutes", .minimum = -1},
      seed_minutes);
  visitor.visit({.name = "user-minutes",
                 .doc = "to simulate 1,000 users for one seed in one world",
                 .unit = "minutes",
                 .minimum = 0},
                user_minutes);
  visitor.visit({.name = "world-minutes", .doc = "to fit a world", .unit = "minutes", .minimum = 0}, world_minutes);
  const auto count = [&](const char* name, const char* doc, double most, std::int64_t& value) {
    visitor.visit({.name = name, .doc = doc, .minimum = 1, .maximum = most}, value);
  };
  count("least-seeds", "fewest training seeds", 1000, least_seeds);
  count("least-worlds", "fewest worlds", 1000, least_worlds);
  count("most-seeds", "most training seeds", 1000, most_seeds);
  count("most-worlds", "most worlds", 1000, most_worlds);
  count("most-users", "most users per world", 1e12, most_users);
}

std::vector<Problem> PlanOptions::validate() const {
  std::vector<Problem> problems;
  if (!(effect > 0)) problems.push_back({"effect", "(is missing) give the smallest difference of interest"});
  const int sources = (simulation.empty() ? 0 : 1) + (run.empty() ? 0 : 1) + (stated() ? 1 : 0);
  if (sources != 1) {
    problems.push_back({"simulation",
                        "(variances come from one place) give --simulation files, or --run folders, or "
                        "--user-variance and the others"});
  }
  if (policy.empty() && !(simulation.empty() && run.empty())) {
    problems.push_back({"policy", "(is missing) name the policy whose difference is planned for"});
  }
  if (!policy.empty() && policy == against) {
    problems.push_back({"against", fmt::format("(is {}, as --policy) name another one", against)});
  }
  for (const auto& [name, paths] : {std::pair{"simulation", &simulation}, {"run", &run}}) {
    const std::string twice = given_twice(*paths);
    if (!twice.empty()) problems.push_back({name, fmt::format("(holds {} twice) give it once", twice)});
  }
  if (least_seeds > most_seeds) problems.push_back({"most-seeds", "(below least-seeds) raise it"});
  if (least_worlds > most_worlds) problems.push_back({"most-worlds", "(below least-worlds) raise it"});
  return problems;
}

class PlanCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage =
            "--effect D (--simulation FILE ... | --run RUN ... | --user-variance V ...) --policy NAME "
            "[--against NAME]",
        .text =
            "How large a study has to be: the cheapest numbers of training seeds, worlds and users that find a "
            "difference\n"
            "of the stated size, from what differences vary by, measured on results or stated. Exit code 6 when no\n"
            "design within the limits finds it."};
  }
  Options& options() override { return options_; }

  ExitCode run(const Invocation& invocation) override {
    StudyPlanInput input;
    input.target = {options_.effect, options_.alpha, options_.power};
    input.cost = {std::max(options_.seed_minutes, 0.0), options_.user_minutes / 1000.0, options_.world_minutes};
    input.limits = limits();
    if (options_.stated()) {
      input.what = "a difference";
      input.components = {options_.seed_variance,
                          options_.world_variance,
                          options_.seed_world_variance,
                          options_.user_variance,
                          options_.rest_variance,
                          0,
                          0,
                          0};
    } else {
      const MeasuredDifferences measured = measure(input.cost);
      input.what = measured.what;
      input.components = measure_components(measured.tables, measured.seeds);
      input.measured = true;
      input.seeds_by_order = measured.seeds_by_order;
      input.limits = plannable(input.limits, input.components);
    }
    const nlohmann::json report = study_plan(input);
    if (!options_.output.empty()) write_tables(options_.output, report);
    invocation.output << study_plan_text(report);
    return report.at("facts").at("plan").is_null() ? ExitCode::undecided : ExitCode::done;
  }

 private:
  DesignLimits limits() const {
    const auto count = [](std::int64_t n) { return static_cast<std::size_t>(n); };
    return {count(options_.least_seeds), count(options_.least_worlds), count(options_.most_seeds),
            count(options_.most_worlds), count(options_.most_users)};
  }

  MeasuredDifferences measure(DesignCost& cost) const {
    if (!options_.simulation.empty()) {
      std::vector<NamedSimulation> simulations;
      for (const std::string& file : options_.simulation) simulations.push_back({file, read_simulation_record(file)});
      return simulated_differences(simulations, options_.policy, options_.against);
    }
    std::vector<NamedRun> runs;
    for (const std::string& folder : options_.run) runs.push_back(read_finished_run(folder));
    const PooledRuns pooled = pool_runs(std::move(runs));
    if (options_.seed_minutes < 0) cost.seed = training_minutes(pooled);
    return newcomer_differences(pooled, options_.policy, options_.against, static_cast<std::size_t>(options_.shots),
                                options_.metric);
  }

  /// What a training seed takes: all its folds.
  static double training_minutes(const PooledRuns& pooled) {
    double seconds = 0;
    for (const NamedRun& run : pooled.runs) {
      seconds += run.record.summary.value(nlohmann::json::json_pointer("/cost/step_seconds"), 0.0);
    }
    return seconds / 60.0 / static_cast<double>(pooled.seeds.size());
  }

  PlanOptions options_;
};

}  // namespace

std::unique_ptr<Subcommand> make_plan_command() { return std::make_unique<PlanCommand>(); }

}  // namespace coldframe
