#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "framework/cli/cost_estimate.h"
#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/run_folder.h"
#include "framework/cli/subcommands.h"
#include "framework/distributed/lane_tree.h"

namespace coldframe {
namespace {

struct CheckOptions final : Options {
  std::int64_t ranks = 1;
  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "ranks", .doc = "ranks the run is meant for", .unit = "ranks", .minimum = 1}, ranks);
  }
};

class CheckCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--config FILE [--config FILE ...] [--SECTION.KEY=VALUE ...] [--ranks N]",
            .text =
                "A dry run for CI: reads and checks the whole configuration, counts what would be trained, and estimates\n"
                "memory and time. Needs no GPU and no data; what is not on this machine is named and left out.",
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
    out << trainable_table(learner.parameters);
    out << estimate_text(learner, mean_tokens(out));
    return ExitCode::done;
  }

 private:
  /// Of the data set when it is here, else a stated guess.
  TokenMeans mean_tokens(std::ostream& out) const {
    if (!std::filesystem::exists(experiment_.data.path)) {
      out << fmt::format("data {} is not on this machine: 20 tokens per user text and 16 per item text assumed\n", experiment_.data.path);
      return {20, 16};
    }
    const ExperimentData data(experiment_);
    const std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::from_folder(experiment_.encoder.folder);
    return measure_tokens(data, experiment_, *tokenizer);
  }

  std::string estimate_text(const Learner& learner, TokenMeans tokens) const {
    const CostEstimate cost = estimate_cost(experiment_, learner, tokens, static_cast<int>(options_.ranks));
    return fmt::format(
        "per step: about {:.0f} tokens, {:.1f} GFLOP\n"
        "per rank: about {:.0f} MB (weights {:.0f}, optimizer and gradients {:.0f}, activations {:.0f}, program {:.0f})\n"
        "time: about {:.2f} s per step at the {:.0f} GFLOP/s per core measured here, {:.1f} min for {} steps on {} ranks x 1 thread\n",
        cost.tokens, cost.flop * 1e-9, cost.total_bytes() * 1e-6, cost.weight_bytes * 1e-6, cost.state_bytes * 1e-6,
        cost.activation_bytes * 1e-6, cost.program_bytes * 1e-6, cost.step_seconds, cost.core_flops * 1e-9,
        cost.step_seconds * static_cast<double>(experiment_.schedule.steps) / 60, experiment_.schedule.steps, options_.ranks);
  }

  CheckOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_check_command() { return std::make_unique<CheckCommand>(); }

}  // namespace coldframe
