#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/baseline_rows.h"
#include "framework/cli/opened_run.h"
#include "framework/cli/report_output.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/training_users.h"
#include "framework/core/error.h"
#include "framework/reporting/attribute_groups.h"

namespace coldframe {
namespace {

struct FairnessOptions final : Options {
  std::string run, output;
  std::vector<std::string> group;
  std::string item_group;
  std::int64_t shots = 0;
  std::int64_t permutations = 1000;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder, as `coldframe train` prints it"}, run);
    visitor.visit(
        {.name = "group", .doc = "groups of users: gender, age:25:45 (bounds), gender*age:30; may be repeated"}, group);
    visitor.visit({.name = "item_group", .doc = "attribute of items whose share of slots is compared: genres"},
                  item_group);
    visitor.visit({.name = "shots", .doc = "likes the newcomers have shown", .unit = "likes", .minimum = 0}, shots);
    visitor.visit({.name = "permutations", .doc = "of every null", .minimum = 99, .maximum = 1e6}, permutations);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
    gate.describe(visitor, GateOptions::Baseline::none);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder"});
    if (group.empty()) problems.push_back({"group", "(is missing) name an attribute of users, for example gender"});
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

class FairnessCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--run RUN --group RULE [--group RULE ...] [--item_group COLUMN] [--shots K] [--output FILE.json]",
            .text =
                "How evenly a trained run and the baselines serve groups of real newcomers: utility of each group, "
                "gaps beside\n"
                "what label permutations show from nothing, what fills the slots, exposure of items against their "
                "merit. Groups\n"
                "below 50 users enter no gap, below 30 show no number. Ends with what cannot be concluded. Bounds "
                "`fairness.*` of\n"
                "the run's [expect] section are checked.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override {
    schema.section("evaluation", "newcomers, utility and intervals", evaluation_);
    schema.section("distributed", "ranks, threads, deadlines", distributed_, Effect::operation);
    schema.free_section("expect", "acceptance bounds: measure = comparison and number, or within M of RUN");
  }

  ExitCode run(const Invocation& invocation) override {
    const OpenedRun run(options_.run, distributed_.threads, invocation);
    const std::int64_t masked = run.experiment().evaluation.masked;
    if (options_.shots > masked) {
      throw ConfigError(fmt::format("shots = {}", options_.shots),
                        fmt::format("newcomers show at most evaluation.masked = {} likes", masked));
    }
    FairnessInput input = people_of(run);
    serve_all(run, input);
    const nlohmann::json report = fairness_report(input, rules_of(run));
    if (!options_.output.empty()) write_tables(options_.output, report);
    invocation.output << fairness_text(report);
    AcceptanceGate gate("fairness", {"fairness"}, options_.gate, invocation);
    invocation.output << gate.check(options_.run, run.run().config().free_values("expect"),
                                    report_measures("fairness", report), run.experiment().evaluation);
    return gate.finish();
  }

 private:
  FairnessRules rules_of(const OpenedRun& run) const {
    FairnessRules rules;
    rules.bootstrap = run.experiment().evaluation.bootstrap();
    rules.permutations = static_cast<std::size_t>(options_.permutations);
    rules.alpha = run.experiment().evaluation.alpha;
    return rules;
  }

  FairnessInput people_of(const OpenedRun& run) const {
    const Dataset& dataset = run.data().dataset;
    FairnessInput input;
    input.shots = static_cast<std::size_t>(options_.shots);
    input.slate_length = static_cast<std::size_t>(run.experiment().evaluation.coverage_at);
    input.utility_name = run.experiment().evaluation.metrics.front();
    std::vector<UserId> members;
    for (const HeldOutUser& newcomer : run.newcomers().users()) {
      members.push_back(newcomer.user);
      input.users.push_back(newcomer.key);
      input.history_lengths.push_back(newcomer.support.size() + newcomer.targets.size());
      input.targets.emplace_back(newcomer.targets.begin(), newcomer.targets.end());
      input.candidates.push_back(run.items() - newcomer.masked.size());
    }
    for (const std::string& rule : options_.group) {
      input.groups.push_back(attribute_groups(dataset.users, rule, members));
    }
    if (!options_.item_group.empty()) input.item_groups = item_attribute_groups(dataset.items, options_.item_group);
    for (const std::uint32_t count : run.data().likes.count_by_item(run.data().roles.users(Role::train))) {
      input.train_counts.push_back(count);
    }
    for (std::uint32_t i = 0; i < run.items(); ++i) input.item_keys.emplace_back(dataset.item_key(ItemId(i)));
    return input;
  }

  void serve_all(const OpenedRun& run, FairnessInput& input) const {
    const MetricCut utility = parse_metric(input.utility_name);
    const auto add = [&](std::string name, std::string role, NewcomerScorer& scorer) {
      if (scorer.minimum_shots() > input.shots) return;
      input.scorers.push_back(serve(run, scorer, input.shots, utility, input.slate_length));
      input.scorers.back().name = std::move(name);
      input.scorers.back().role = std::move(role);
    };
    for (const std::unique_ptr<Baseline>& baseline : make_baselines(run.data())) {
      BaselineScorer scorer(*baseline, run.data().dataset.users, run.items());
      add(std::string(baseline->name()), baseline->name() == "random" ? "floor" : "baseline", scorer);
    }
    const BulkEncoder encoder = run.encoder();
    EncoderScorer scorer(encoder, run.texts(), run.data(), run.newcomers(), {&input.shots, 1},
                         run.experiment().evaluation.user_vector_rule());
    add(run.run().name(), "strategy", scorer);
    if (const auto weight = run.prior_weight()) {
      scorer.set_prior(run.run().scale(), *weight, training_prior(run.data()));
      add(run.run().name() + " + item prior", "strategy", scorer);
    }
  }

  FairnessOptions options_;
  EvaluationOptions evaluation_;
  DistributedOptions distributed_;
};

}  // namespace

std::unique_ptr<Subcommand> make_fairness_command() { return std::make_unique<FairnessCommand>(); }

}  // namespace coldframe
