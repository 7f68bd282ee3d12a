#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "framework/cli/cost_estimate.h"
#include "framework/cli/experiment.h"
#include "framework/cli/frozen_layers.h"
#include "framework/cli/learner.h"
#include "framework/cli/noisy_texts.h"
#include "framework/cli/run_folder.h"
#include "framework/cli/step_setup.h"
#include "framework/cli/step_trial.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/task_setup.h"
#include "framework/comm/topology.h"
#include "framework/distributed/lane_tree.h"
#include "framework/training/update_rules.h"

namespace coldframe {
namespace {

struct CheckOptions final : Options {
  std::int64_t ranks = 1;
  std::int64_t trial = 3;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "ranks", .doc = "ranks the run is meant for", .unit = "ranks", .minimum = 1}, ranks);
    visitor.visit({.name = "trial", .doc = "real steps that are tried here for the time of a step, 0 = none", .unit = "steps",
                   .minimum = 0, .maximum = 1000}, trial);
  }
};

class CheckCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--config FILE [--config FILE ...] [--SECTION.KEY=VALUE ...] [--ranks N] [--trial N]",
            .text =
                "A dry run for CI: reads and checks the whole configuration, counts what would be trained, and estimates\n"
                "memory and time. Needs no GPU and no data; what is not on this machine is named and left out. Where encoder\n"
                "and data are here, some steps are tried.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    std::ostream& out = invocation.output;
    LaneTree(static_cast<int>(experiment_.batch.lanes), static_cast<int>(options_.ranks));
    out << fmt::format("configuration digest {}\nrun folder {}\n", config_digest(invocation.config), experiment_.run_folder().string());
    out << fmt::format("step: {} pairs over {} ranks, {} lanes, up to {} extra items: at most {} negatives per anchor\n",
                       experiment_.batch.pairs, options_.ranks, experiment_.batch.lanes, experiment_.batch.extra_items,
                       experiment_.batch.pairs + experiment_.batch.extra_items - 1);
    // Strategies, objective and dynamics are checked even without an encoder.
    experiment_.make_strategies(invocation.config);
    experiment_.make_objective(invocation.config);
    require_effective(experiment_.dynamics, experiment_.simulation);
    const std::filesystem::path encoder = experiment_.encoder.folder;
    if (!std::filesystem::exists(encoder)) {
      out << fmt::format("encoder {} is not on this machine: parameters, memory and time are not estimated\n", encoder.string());
      return ExitCode::done;
    }
    const Learner learner(experiment_, invocation.config);
    learner.strategies.training(experiment_.schedule.steps);  // its mistakes are told now, as those of the rules
    update_rules(learner.parameters, experiment_.optimizer, experiment_.schedule.steps);
    out << trainable_table(learner.parameters);
    const std::int64_t cached = layers_to_cache(experiment_, learner);
    if (cached > 0) {
      out << fmt::format("prefix cache: {} of {} layers are computed once per distinct text (times below: without it)\n",
                         cached, learner.encoder->layers());
    }
    out << estimate_text(invocation.config, learner);
    return ExitCode::done;
  }

 private:
  /// Without the data set: a stated guess at the length of texts, and no trial.
  std::string estimate_text(const ResolvedConfig& config, const Learner& learner) const {
    const int cores = discover_topology(Group()).default_threads;
    const TrialShape meant = meant_shape(static_cast<int>(options_.ranks), experiment_.distributed.threads, cores, experiment_.batch.lanes);
    if (!std::filesystem::exists(experiment_.data.path)) {
      constexpr double user_tokens = 20, item_tokens = 16;
      const auto users = static_cast<double>(experiment_.batch.pairs);
      const double items = users + static_cast<double>(experiment_.batch.extra_items);
      const double tokens = users * user_tokens + items * item_tokens;
      const CostEstimate cost = estimate_cost(experiment_, learner, {tokens, tokens, users + items}, meant);
      return fmt::format("data {} is not on this machine: {:g} tokens per user text and {:g} per item text assumed\n",
                         experiment_.data.path, user_tokens, item_tokens) +
             cost_text(cost) + time_text(cost, meant);
    }
    constexpr std::int64_t plans = 32;
    const ExperimentData data(experiment_);
    const std::string tasks = task_text(data);
    const TokenizedTexts texts(data, learner.tokenizer, token_limit(experiment_, *learner.encoder));
    const NoisyTexts training_texts(experiment_, data, texts);
    const PairSampler sampler = make_pair_sampler(experiment_, data);
    const StepTokens tokens =
        step_tokens(make_step_planner(experiment_, data, sampler, training_texts, *learner.objective), plans);
    const CostEstimate cost = estimate_cost(experiment_, learner, tokens, meant);
    if (options_.trial == 0) return tasks + cost_text(cost) + time_text(cost, meant);
    const TrialShape tried = trial_shape(meant, cores);
    const double seconds = try_steps(experiment_, config, data, tried, options_.trial, tokens.mean);
    return tasks + cost_text(cost) + trial_text(seconds, tried, meant);
  }

  /// And the mistakes of a stream that the data tell.
  std::string task_text(const ExperimentData& data) const {
    if (!experiment_.continual.active()) return {};
    const TaskStream stream = make_task_stream(experiment_, data);
    std::string text = fmt::format("{} tasks of {} steps each by {}, {} users or items in none (time below: of one task)\n",
                                   stream.size(), experiment_.schedule.steps, experiment_.continual.method, stream.left_out());
    for (std::size_t task = 0; task < stream.size(); ++task) {
      text += fmt::format("  {}: {} users of role T\n", stream.task(task).name,
                          stream.users(task, data.roles, Role::train).size());
    }
    return text;
  }

  static std::string cost_text(const CostEstimate& cost) {
    return fmt::format(
        "per step: about {:.0f} tokens ({:.0f} at most), {:.1f} GFLOP\n"
        "per rank: about {:.0f} MB (weights {:.0f}, optimizer and gradients {:.0f}, activations {:.0f}, program {:.0f})\n",
        cost.tokens.mean, cost.tokens.largest, cost.flop * 1e-9, cost.total_bytes() * 1e-6, cost.weight_bytes * 1e-6, cost.state_bytes * 1e-6,
        cost.activation_bytes * 1e-6, cost.program_bytes * 1e-6);
  }

  std::string length_text(double step_seconds) const {
    const std::int64_t steps = experiment_.schedule.steps;
    return fmt::format("{:.1f} min for {} steps", step_seconds * static_cast<double>(steps) / 60, steps);
  }

  /// Without a trial: the matrix products alone, which no step is faster than.
  std::string time_text(const CostEstimate& cost, TrialShape meant) const {
    return fmt::format("time: not tried; the matrix products alone take {:.3g} s per step at the {:.0f} GFLOP/s per core measured here, on "
                       "{} ranks x {} threads: {}\n",
                       cost.product_seconds, cost.core_flops * 1e-9, meant.ranks, meant.threads, length_text(cost.product_seconds));
  }

  std::string trial_text(double seconds, TrialShape tried, TrialShape meant) const {
    const double scaled = seconds * tried.cores() / meant.cores();
    std::string text = fmt::format("time: about {:.3g} s per step, {}; from {} steps tried here on {} ranks x {} threads", scaled,
                                   length_text(scaled), options_.trial, tried.ranks, tried.threads);
    if (tried.cores() != meant.cores()) {
      text += fmt::format(" and scaled to {} x {}, exchange between hosts not counted", meant.ranks, meant.threads);
    }
    return text + "\n";
  }

  CheckOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_check_command() { return std::make_unique<CheckCommand>(); }

}  // namespace coldframe
