#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/newcomer_sections.h"
#include "framework/cli/noise_trial.h"
#include "framework/cli/radius_trial.h"
#include "framework/cli/report_output.h"
#include "framework/cli/subcommands.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/nearest.h"
#include "framework/reporting/attached_reports.h"
#include "framework/reporting/robustness_pool.h"
#include "framework/text/thesaurus.h"

namespace coldframe {
namespace {

struct RobustnessOptions final : Options {
  std::vector<std::string> run, noise;
  std::vector<double> severity = {0.05, 0.1, 0.2, 0.3};
  std::vector<std::int64_t> shots = {0, 10};
  std::int64_t draws = 8, seed = 1, typo_users = 20;
  std::string user_template, output;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit(
        {.name = "run",
         .doc = "run folder, as `coldframe train` prints it; several: folds of a variant, pooled, or others to "
                "set beside"},
        run);
    visitor.visit({.name = "noise",
                   .doc = "kinds of noise, by default all on newcomers; item_typos, ... spoil the catalogue; a wrong "
                          "name lists them"},
                  noise);
    visitor.visit({.name = "severity", .doc = "shares of words, fields or entries, with commas"}, severity);
    visitor.visit({.name = "shots", .doc = "likes the newcomers have shown, with commas", .unit = "likes"}, shots);
    visitor.visit({.name = "draws", .doc = "realisations of every noise", .minimum = 1, .maximum = 1000}, draws);
    visitor.visit({.name = "seed", .doc = "seed of the noise", .minimum = 0}, seed);
    visitor.visit({.name = "typo_users",
                   .doc = "newcomers for whom every single typo is tried against the certified radius, 0 = none",
                   .unit = "users",
                   .minimum = 0},
                  typo_users);
    visitor.visit({.name = "template", .doc = "user template to read newcomers through, other than that of training"},
                  user_template);
    visitor.visit({.name = "output", .doc = "file to write (.json), tables beside it as CSV; empty: none"}, output);
    gate.describe(visitor, GateOptions::Baseline::none);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder"});
    if (severity.empty()) problems.push_back({"severity", "(is empty) try 0.05, 0.1, 0.2, 0.3"});
    if (shots.empty()) problems.push_back({"shots", "(is empty) try 0, 10"});
    for (const double s : severity) {
      if (!(s >= 0.0 && s <= 1.0)) {
        problems.push_back(
            {"severity", fmt::format("(holds {}, must be a share from 0 to 1) try 0.05, 0.1, 0.2, 0.3", s)});
      }
    }
    std::vector<std::string> known = noise_kinds();
    std::ranges::copy(item_noise_kinds(), std::back_inserter(known));
    for (const std::string& kind : noise) {
      if (std::ranges::find(known, kind) == known.end()) {
        problems.push_back({"noise", fmt::format("(there is no \"{}\") {}", kind, suggest_name(kind, known))});
      }
    }
    for (const std::int64_t k : shots) {
      if (k < 0) problems.push_back({"shots", fmt::format("(holds {}, must be >= 0) try 0, 10", k)});
    }
    if (const std::string problem = output_problem(output); !problem.empty()) problems.push_back({"output", problem});
    return problems;
  }
};

class RobustnessCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage =
            "--run RUN [--run RUN ...] [--noise KIND ...] [--severity S,S] [--shots K,K] [--draws N] [--output "
            "FILE.json]",
        .text =
            "Ranks all items for the real newcomers of role H again after their texts were disturbed: typos, case, "
            "synonyms,\n"
            "foreign words, cut texts, missing fields, shuffled and shortened histories; or after the texts of items "
            "were (item_typos, ...).\n"
            "Who newcomers are, and what "
            "they liked\n"
            "later, stays. Prints mean and worst of the draws, paired losses with intervals, and how stable the "
            "lists are.\n"
            "Then how far a newcomer's vector may move before the list changes (certified radius), and how many "
            "single typos\n"
            "move it further. "
            "Bounds `robustness.*` of the first run's [expect] section are checked.",
        .config = ConfigUse::allowed};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { sections_.add_to(schema); }

  ExitCode run(const Invocation& invocation) override {
    RobustnessInput input;
    NoisePlan plan = make_plan(input);
    require_together(invocation);
    std::vector<RobustnessPool> pools;
    EvaluationOptions evaluation;
    std::vector<FreeValue> bounds;
    for (const std::string& folder : options_.run) {
      const OpenedRun run(folder, sections_.distributed.threads, invocation);
      if (pools.empty()) {
        evaluation = run.experiment().evaluation;
        bounds = run.run().config().free_values("expect");
        input.utility_name = run.experiment().evaluation.metrics.front();
        input.list_length = static_cast<std::size_t>(run.experiment().evaluation.coverage_at);
      }
      log_info("{}: {} newcomers under {} kinds of noise, then single typos", folder, run.newcomers().users().size(),
               plan.kinds.size());
      add_to_pools(try_run(run, plan), pools);
    }
    take(std::move(pools), input);
    nlohmann::json report = robustness_report(input, evaluation.rules());
    report["about"] = report_about("robustness", data_, options_.run, variants_);
    if (!options_.output.empty()) write_tables(options_.output, report);
    invocation.output << robustness_text(report);
    AcceptanceGate gate("robustness", {"robustness"}, options_.gate, invocation);
    invocation.output << gate.check(options_.run.front(), bounds, report_measures("robustness", report), evaluation);
    return gate.finish();
  }

 private:
  NoisePlan make_plan(RobustnessInput& input) {
    NoisePlan plan;
    for (const std::string& kind : options_.noise.empty() ? noise_kinds() : options_.noise) {
      (is_item_noise(kind) ? plan.item_kinds : plan.kinds).push_back(kind);
    }
    plan.severities = options_.severity;
    plan.shots.assign(options_.shots.begin(), options_.shots.end());
    plan.draws = static_cast<std::uint32_t>(options_.draws);
    plan.seed = static_cast<std::uint64_t>(options_.seed);
    const auto synonyms = std::ranges::find(plan.kinds, "synonyms");
    if (synonyms != plan.kinds.end() || std::ranges::find(plan.item_kinds, "item_synonyms") != plan.item_kinds.end()) {
      try {
        thesaurus_ = std::make_unique<Thesaurus>();
      } catch (const IoError& error) {
        if (!options_.noise.empty()) throw;
        input.limits.push_back(fmt::format("synonyms: left out ({})", error.what()));
        plan.kinds.erase(synonyms);
      }
    }
    plan.thesaurus = thesaurus_.get();
    if (options_.user_template.empty()) {
      input.limits.emplace_back(
          "other templates: users are read through the template of training, so noise is tested on one template only "
          "(--template)");
    }
    return plan;
  }

  /// Before anything is encoded: what every run is asked suits it, and all of them may stand in one table.
  void require_together(const Invocation& invocation) {
    std::string question;
    std::vector<RobustnessPool> pools;  // of nobody's results yet
    for (const std::string& folder : options_.run) {
      const StoredRun run(folder, invocation.line.sources);
      const EvaluationOptions& evaluation = run.experiment().evaluation;
      require_shots(evaluation);
      templates_for(run.experiment(), folder);
      const std::unique_ptr<ExperimentData> loaded = run.load_data();
      const std::string asked = fmt::format("{}, lists of {}", evaluation.metrics.front(), evaluation.coverage_at);
      if (pools.empty()) {
        data_ = loaded->checksum;
        question = asked;
      } else if (data_ != loaded->checksum) {
        throw DataError(fmt::format("cannot set {} beside {}", folder, options_.run.front()), "they have other data",
                        "give runs of one data set");
      } else if (question != asked) {
        throw ConfigError(fmt::format("cannot set {} beside {}", folder, options_.run.front()),
                          fmt::format("evaluation.metrics or coverage_at differ: {}, and {}", asked, question),
                          "give them on the command line");
      }
      if (std::ranges::find(variants_, run.name()) == variants_.end()) variants_.push_back(run.name());
      RobustnessPool people{run.name(), folder, {}, {{run.name(), "", 0, {}, {}}}, {}};
      if (prior_weight_of(run)) people.series.push_back({run.name() + " + item prior", "", 0, {}, {}});
      const NewcomerSet newcomers = held_out_newcomers(run.experiment(), *loaded);
      for (const HeldOutUser& newcomer : newcomers.users()) people.users.push_back(newcomer.key);
      add_to_pools(std::move(people), pools);
    }
    require_same_people(pools);
  }

  void require_shots(const EvaluationOptions& evaluation) const {
    for (const std::int64_t k : options_.shots) {
      if (k <= evaluation.masked) continue;
      throw ConfigError(fmt::format("shots = {}", k),
                        fmt::format("newcomers show at most evaluation.masked = {} likes", evaluation.masked));
    }
  }

  std::vector<std::string> templates_for(const Experiment& experiment, const std::string& folder) const {
    if (options_.user_template.empty()) return {experiment.text.user};
    if (options_.user_template == experiment.text.user) {
      throw ConfigError(fmt::format("template {}", options_.user_template),
                        fmt::format("{} was trained with it", folder),
                        "give another one: noise must not be tested on the template of training alone");
    }
    return {options_.user_template};
  }

  RobustnessPool try_run(const OpenedRun& run, NoisePlan& plan) const {
    plan.templates = templates_for(run.experiment(), run.folder());
    RobustnessPool tried{run.run().name(), run.folder(), {}, {}, {}};
    for (const HeldOutUser& newcomer : run.newcomers().users()) tried.users.push_back(newcomer.key);
    NoiseTrial trial(run);
    tried.series = trial.run(plan);
    RadiusTrial radii(run, trial.items());
    tried.certified = radii.run(plan, static_cast<std::size_t>(options_.typo_users));
    return tried;
  }

  /// Each pool has its first folder behind its names.
  static void take(std::vector<RobustnessPool> pools, RobustnessInput& input) {
    input.users = pools.front().users;
    for (RobustnessPool& pool : pools) {
      const std::string behind = pools.size() > 1 ? fmt::format(" ({})", pool.folder) : "";
      for (RobustnessSeries& series : pool.series) input.series.emplace_back(std::move(series)).scorer += behind;
      for (CertifiedSeries& series : pool.certified) input.certified.emplace_back(std::move(series)).scorer += behind;
    }
  }

  RobustnessOptions options_;
  NewcomerSections sections_;
  std::unique_ptr<Thesaurus> thesaurus_;
  std::string data_;  // checksum
  std::vector<std::string> variants_;
};

}  // namespace

std::unique_ptr<Subcommand> make_robustness_command() { return std::make_unique<RobustnessCommand>(); }

}  // namespace coldframe
