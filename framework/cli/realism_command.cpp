#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "framework/cli/click_check.h"
#include "framework/cli/policy_order.h"
#include "framework/cli/realism_text.h"
#include "framework/cli/report_output.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/simulation/population_file.h"

namespace coldframe {
namespace {

struct RealismCommandOptions final : Options {
  std::int64_t draws = 1024;
  std::int64_t popular_items = 100;
  std::int64_t replicates = 400;
  std::int64_t shots = 5;
  std::vector<std::string> run;
  std::string impressions;
  std::string output;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "draws", .doc = "prior draws of the held-out likelihood", .minimum = 1, .maximum = 1e6},
                  draws);
    visitor.visit({.name = "popular-items",
                   .doc = "most liked items of W, between which co-occurrence and groups are compared",
                   .minimum = 2,
                   .maximum = 5000},
                  popular_items);
    visitor.visit({.name = "replicates", .doc = "of the bootstrap over users", .minimum = 2, .maximum = 1e5},
                  replicates);
    visitor.visit(
        {.name = "shots",
         .doc = "likes that policies are shown before they are ranked on people and on twins; -1: no order of "
                "policies",
         .unit = "likes",
         .minimum = -1},
        shots);
    visitor.visit({.name = "run", .doc = "run folder whose encoder is ranked beside the baselines; may be repeated"},
                  run);
    visitor.visit({.name = "impressions",
                   .doc = "dataset store with impressions, whose clicks are compared with user models; empty: none"},
                  impressions);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems;
    if (shots < 0 && !run.empty()) problems.push_back({"run", "(no order of policies is asked for) leave --shots out"});
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

class RealismCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage =
                "--config FILE [--SECTION.KEY=VALUE ...] [--run RUN ...] [--shots K] [--impressions STORE.h5] "
                "[--output FILE.json] [--draws N] [--popular-items N]",
            .text =
                "Compares the worlds of a population with the people of role H, whom no world has met: likelihood, "
                "popularity,\n"
                "co-occurrence and tastes of groups, whether a classifier tells people from their twins, and whether "
                "policies\n"
                "are ranked as people rank them; each beside what people of W and a wrong world reach. With a log of "
                "what was\n"
                "shown: which user model its clicks follow, by position, and with which utilities. Names what cannot "
                "be known.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    const ExperimentData data(experiment_);
    const Population population = read_population(experiment_.population.path);
    require_same_items(population, data.dataset);
    Progress progress("compare", "worlds", static_cast<std::int64_t>(population.latents.worlds.size()) + 1,
                      invocation.clock);
    const RealismReport realism =
        check_realism(population, data.dataset, data.roles, data.likes, realism_options(),
                      [&](std::size_t done, std::size_t) { progress.set(static_cast<std::int64_t>(done)); });
    progress.finish();
    std::vector<std::string> policies;
    const WorldOrders orders = options_.shots < 0 ? WorldOrders{} : rank(data, population, invocation, policies);
    nlohmann::json report = realism_report({population, realism, orders, policies,
                                            static_cast<std::size_t>(std::max<std::int64_t>(options_.shots, 0)),
                                            realism_options().bootstrap.level});
    if (!options_.impressions.empty()) {
      add_click_check(
          {experiment_, data, population, options_.impressions, realism_options().draws, realism_options().bootstrap},
          report);
    }
    invocation.output << realism_text(report);
    if (!options_.output.empty()) {
      report["facts"]["provenance"] = to_json(invocation.provenance);
      report["config"] = to_json(invocation.config);
      write_tables(options_.output, report);
    }
    return ExitCode::done;
  }

 private:
  RealismOptions realism_options() const {
    RealismOptions options{static_cast<std::size_t>(options_.draws), static_cast<std::size_t>(options_.popular_items)};
    options.bootstrap = experiment_.evaluation.bootstrap();
    options.bootstrap.replicates = static_cast<std::size_t>(options_.replicates);
    return options;
  }

  /// Encoders that learned from people of the world, or from those they are tested on, would be ranked by what they
  /// remember.
  void require_strangers(const OpenedRun& run, const ExperimentData& data, const Population& population) const {
    const RunRecord& record = run.run().record();
    if (record.summary.at("identity").at("data") != data.checksum ||
        record.summary.at("roles").at("held_out") != data.roles.fingerprint(Role::held_out)) {
      throw DataError(fmt::format("{} has another role H", run.folder()), "policies are ranked on the same people",
                      "use the data and the fold of the run");
    }
    const std::string owner = fmt::format("run {}", run.folder());
    const RoleMembers learned[] = {
        {owner, Role::train, record.summary.at("roles").at("train"), record.train_users},
        {owner, Role::validate, record.summary.at("roles").at("validate"), record.validate_users}};
    require_disjoint_roles(learned, population.world_users);
  }

  WorldOrders rank(const ExperimentData& data, const Population& population, const Invocation& invocation,
                   std::vector<std::string>& policies) const {
    std::vector<std::unique_ptr<OpenedRun>> runs;
    CommandLine line = invocation.line;
    line.sources = {};  // they are of this experiment; a run has a configuration of its own
    const Invocation of_runs{line,
                             invocation.config,
                             invocation.provenance,
                             invocation.clock,
                             invocation.group,
                             invocation.output,
                             invocation.on_failure};
    for (const std::string& folder : options_.run) {
      runs.push_back(std::make_unique<OpenedRun>(folder, experiment_.distributed.threads, of_runs));
      require_strangers(*runs.back(), data, population);
    }
    log_info("ranking policies on the people of role H");
    const PolicyOrder order({experiment_, data, runs, static_cast<std::size_t>(options_.shots)});
    policies = order.policies();
    OrderOptions options;
    options.bootstrap = realism_options().bootstrap;
    const WorldData people = people_of(population, data.dataset, data.roles, data.likes, Role::held_out);
    WorldOrders orders;
    const auto add = [&](const std::string& world, const WorldData& twins) {
      log_info("ranking policies on twins of {}", world);
      orders.emplace_back(world, order_agreement(order.real(), order.on_twins(twins), options));
    };
    for (std::size_t w = 0; w < population.latents.worlds.size(); ++w) {
      add(population.latents.worlds[w].name(), twins_of(population, w, people));
    }
    add(population.latents.worlds.front().name() + ", renamed",
        renamed_twins(population, twins_of(population, 0, people)));
    return orders;
  }

  RealismCommandOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_realism_command() { return std::make_unique<RealismCommand>(); }

}  // namespace coldframe
