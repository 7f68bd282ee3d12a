#include <fmt/format.h>

#include <ostream>
#include <set>
#include <tuple>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/newcomer_sections.h"
#include "framework/cli/poisoning_trial.h"
#include "framework/cli/report_output.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/reporting/attached_reports.h"

namespace coldframe {
namespace {

struct PoisoningCommandOptions final : Options {
  std::vector<std::string> run, clean;
  std::int64_t shots = 0;
  std::string output;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder of a training on a poisoned log; may be given several times"},
                  run);
    visitor.visit({.name = "clean", .doc = "run folder of the same training on the log as it is; one for every --run"},
                  clean);
    visitor.visit({.name = "shots", .doc = "likes the newcomers have shown", .unit = "likes", .minimum = 0}, shots);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
    gate.describe(visitor, GateOptions::Baseline::none);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder"});
    if (clean.size() != run.size()) {
      problems.push_back(
          {"clean", fmt::format("(there are {} for {} of --run) give the clean run of every poisoned one", clean.size(),
                                run.size())});
    }
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

class PoisoningCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--run POISONED --clean CLEAN [--run POISONED --clean CLEAN ...] [--shots K] [--output FILE.json]",
            .text =
                "What a poisoned training log ([poisoning] in the configuration of `train`) did, before the real "
                "newcomers of role H:\n"
                "hit rate and place of the pushed items and the utility of the lists, each beside the same training on "
                "the log as it is,\n"
                "paired by newcomer, and baselines fitted on both logs. Several pairs are seeds, averaged by newcomer, "
                "or folds,\n"
                "pooled. Bounds `poisoning.*` of the first run's [expect] section are checked.",
            .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { sections_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    PoisoningInput input;
    input.shots = static_cast<std::size_t>(options_.shots);
    input.pairs = options_.run.size();
    EvaluationOptions evaluation;
    std::vector<FreeValue> bounds;
    require_pairs(invocation);
    std::set<std::int64_t> seeds;
    for (std::size_t pair = 0; pair < options_.run.size(); ++pair) {
      const OpenedRun poisoned(options_.run[pair], sections_.distributed.threads, invocation);
      const OpenedRun clean(options_.clean[pair], sections_.distributed.threads, invocation);
      if (pair == 0) {
        evaluation = poisoned.experiment().evaluation;
        data_ = clean.data().checksum;
        variant_ = clean.run().name();
        bounds = poisoned.run().config().free_values("expect");
        input.utility_name = evaluation.metrics.front();
        input.k = static_cast<std::size_t>(evaluation.coverage_at);
        input.what = poisoning_text(poisoned.experiment().poisoning, poisoned.data().poisoned);
      }
      seeds.insert(clean.experiment().experiment.seed);
      require_same_question(poisoned, clean, input);
      add_pair(poisoned, clean, input);
    }
    input.seeds = seeds.size();
    nlohmann::json report = poisoning_report(input, evaluation.rules());
    report["about"] = report_about("poisoning", data_, options_.run, std::array{variant_});
    if (!options_.output.empty()) write_tables(options_.output, report);
    invocation.output << poisoning_report_text(report);
    AcceptanceGate gate("poisoning", {"poisoning"}, options_.gate, invocation);
    invocation.output << gate.check(options_.run.front(), bounds, report_measures("poisoning", report), evaluation);
    return gate.finish();
  }

 private:
  /// Before anything is encoded: clean and poisoned runs fit each other, and all pairs ask one question.
  void require_pairs(const Invocation& invocation) const {
    const StoredRun first_poisoned(options_.run.front(), invocation.line.sources);
    const StoredRun first_clean(options_.clean.front(), invocation.line.sources);
    require_pair(first_poisoned, first_clean);
    for (std::size_t pair = 1; pair < options_.run.size(); ++pair) {
      const StoredRun poisoned(options_.run[pair], invocation.line.sources);
      const StoredRun clean(options_.clean[pair], invocation.line.sources);
      require_pair(poisoned, clean);
      if (clean.name() != first_clean.name() ||
          !same_attack(poisoned.experiment().poisoning, first_poisoned.experiment().poisoning)) {
        throw ConfigError(fmt::format("cannot pool {} with {}", options_.run[pair], options_.run.front()),
                          "their strategies, or what was done to their logs, differ in more than seeds and targets",
                          "ask about one strategy and one attack at a time");
      }
    }
  }

  static bool same_attack(const PoisoningOptions& a, const PoisoningOptions& b) {
    const auto kind = [](const PoisoningOptions& o) {
      return std::tie(o.attack, o.size, o.target_count, o.fillers, o.selected, o.label_noise, o.label_noise_share);
    };
    return kind(a) == kind(b);
  }

  void require_same_question(const OpenedRun& poisoned, const OpenedRun& clean, const PoisoningInput& input) const {
    for (const OpenedRun* run : {&poisoned, &clean}) {
      const EvaluationOptions& evaluation = run->experiment().evaluation;
      if (options_.shots > evaluation.masked) {
        throw ConfigError(fmt::format("shots = {}", options_.shots),
                          fmt::format("newcomers show at most evaluation.masked = {} likes", evaluation.masked));
      }
      if (evaluation.metrics.front() != input.utility_name ||
          static_cast<std::size_t>(evaluation.coverage_at) != input.k) {
        throw ConfigError(fmt::format("cannot set {} beside {}", run->folder(), options_.run.front()),
                          "evaluation.metrics or coverage_at differ", "give them on the command line");
      }
    }
    if (poisoned.people() != clean.people()) {
      throw DataError(fmt::format("cannot set {} beside {}", poisoned.folder(), clean.folder()),
                      "they have other data or other newcomers", "give runs of one data set and fold");
    }
  }

  PoisoningCommandOptions options_;
  NewcomerSections sections_;
  std::string data_, variant_;  // checksum of the store, name of the clean runs
};

}  // namespace

std::unique_ptr<Subcommand> make_poisoning_command() { return std::make_unique<PoisoningCommand>(); }

}  // namespace coldframe
