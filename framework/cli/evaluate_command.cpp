#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <ostream>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/baseline_rows.h"
#include "framework/cli/encoding_progress.h"
#include "framework/cli/like_heads.h"
#include "framework/cli/newcomer_sections.h"
#include "framework/cli/newcomer_slices.h"
#include "framework/cli/newcomer_vectors.h"
#include "framework/cli/opened_run.h"
#include "framework/cli/run_reference.h"
#include "framework/cli/serving_cost.h"
#include "framework/cli/stored_run.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/training_users.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/reporting/calibration_verdicts.h"
#include "framework/reporting/continual_record.h"
#include "framework/reporting/newcomer_text.h"
#include "framework/training/lane_pool.h"

namespace coldframe {
namespace {

struct EvaluateOptions final : Options {
  std::vector<std::string> run;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder, as `coldframe train` prints it; may be given several times"},
                  run);
    gate.describe(visitor, GateOptions::Baseline::allowed);
  }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (run.empty()) problems.push_back({"run", "(is missing) give a run folder"});
    return problems;
  }
};

/// Rows that do not depend on what a run has learned, by everything they do depend on: runs that are evaluated together
/// share them.
using SharedRows = std::map<std::string, std::vector<NewcomerRow>>;

/// Everything that scores newcomers needs, loaded once.
class Evaluation {
 public:
  Evaluation(const std::string& folder, std::int64_t threads, SharedRows& shared, const Invocation& invocation,
             const AcceptanceGate& gate)
      : shared_(shared), group_(invocation.group), clock_(invocation.clock) {
    agree_on_errors(group_, "open run", [&] {
      run_ = std::make_unique<StoredRun>(folder, invocation.line.sources);
      gate.require_references(bounds());
      data_ = run_->load_data();
      learner_ = run_->load_pretrained();
      texts_ = std::make_unique<TokenizedTexts>(*data_, learner_->tokenizer,
                                                token_limit(run_->experiment(), *learner_->encoder));
      choose_newcomers();
    });
    pool_ =
        std::make_unique<LanePool>(threads > 0 ? static_cast<int>(threads) : discover_topology(group_).default_threads);
  }

  void run() {
    RunRecord& record = run_->record();
    record.newcomers.clear();
    record.summary.erase("calibration");
    record.calibrated.clear();
    add_shared_rows("baselines", {"data", "poisoning", "text"}, [this] { add_baseline_rows(); });
    add_shared_rows("frozen encoder", {"data", "poisoning", "text", "encoder"},
                    [this] { add_encoder_rows("frozen encoder", "baseline", 20.0); });
    agree_on_errors(group_, "load model", [&] { learner_ = run_->load_learner(); });
    record.summary["model"]["item_prior_weight"] = add_encoder_rows(run_->name(), "strategy", run_->scale());
    record.summary["evaluation"] = {{"options", options()},
                                    {"user_vector", run_->experiment().evaluation.user_vector},
                                    {"test_users", test_->users().size()},
                                    {"left_out", test_->cases().left_out},
                                    {"ordered_by_time", test_->cases().ordered_by_time},
                                    {"metric_definitions", k_metric_definitions},
                                    {"items", data_->dataset.items.size()}};
    agree_on_errors(group_, "write record", [&] {
      record.groups = groups_of(record.newcomers.front().table.users);
      if (group_.is_root()) write_run_record(run_->folder().record(), record);
    });
  }

  std::string text() {
    const nlohmann::json& summary = run_->record().summary;
    const std::string tasks = summary.contains("continual") ? '\n' + continual_text(summary.at("continual")) : "";
    return newcomer_text(run_->record(), run_->experiment().evaluation.bootstrap()) + tasks;
  }

  /// Lines about the bounds of the run's `[expect]`.
  std::string check(const std::string& name, AcceptanceGate& gate) {
    const EvaluationOptions& options = run_->experiment().evaluation;
    const RunRecord& record = run_->record();
    return gate.check(
        name, bounds(), newcomer_measures(record, options.bootstrap()), options,
        [&](const std::string& path) { return read_run_reference(path, name, record, options.bootstrap()); });
  }

 private:
  const std::vector<FreeValue>& bounds() const { return run_->config().free_values("expect"); }

  void choose_newcomers() {
    newcomer_options_ = run_->experiment().evaluation.newcomers();
    test_ = std::make_unique<NewcomerSet>(held_out_newcomers(run_->experiment(), *data_));
    chosen_on_ = std::make_unique<NewcomerSet>(*data_, Role::validate,
                                               static_cast<std::size_t>(run_->experiment().evaluation.masked));
    slicings_ = target_slicings(*data_, *test_);
    groups_of({});  // mistakes in the rules are told now
  }

  std::vector<UserLabels> groups_of(std::span<const UserKey> users) const {
    return user_groups(*data_, *test_, users, run_->experiment().evaluation.groups);
  }

  /// As they were for this evaluation; the record's config is that of the training.
  nlohmann::json options() const { return to_json(run_->config()).at("evaluation"); }

  NewcomerTable evaluate(NewcomerScorer& scorer) const {
    return evaluate_newcomers(test_->users(), data_->dataset.items.size(), tie_break(run_->experiment(), *data_),
                              scorer, newcomer_options_, slicings_);
  }

  EncoderScorer encode(const NewcomerSet& newcomers) const {
    BulkEncoder encoder(group_, *pool_, *learner_->encoder, learner_->parameters, run_->experiment().batch.tokens);
    show_progress(encoder, group_, clock_, "encode");
    return EncoderScorer(encoder, *texts_, *data_, newcomers, newcomer_options_.shots,
                         run_->experiment().evaluation.user_vector_rule());
  }

  /// The rows that `compute` adds to the record, or those of an earlier run with the same evaluation and sections.
  void add_shared_rows(const char* what, std::initializer_list<const char*> sections,
                       const std::function<void()>& compute) {
    RunRecord& record = run_->record();
    std::string key = what + options().dump();
    for (const char* section : sections) key += record.config.value(section, nlohmann::json()).dump();
    const auto [rows, first] = shared_.try_emplace(key);
    if (first) {
      const auto before = static_cast<std::ptrdiff_t>(record.newcomers.size());
      compute();
      rows->second.assign(record.newcomers.begin() + before, record.newcomers.end());
    } else {
      record.newcomers.insert(record.newcomers.end(), rows->second.begin(), rows->second.end());
    }
  }

  void add_baseline_rows() {
    for (const std::unique_ptr<Baseline>& baseline : make_baselines(*data_)) {
      BaselineScorer scorer(*baseline, data_->dataset.users, data_->dataset.items.size());
      const char* role = baseline->name() == "random" ? "floor" : "baseline";
      run_->record().newcomers.push_back({std::string(baseline->name()), role, evaluate(scorer)});
    }
  }

  /// The pure score and the score with item prior; returns the weight that role V chose.
  double add_encoder_rows(const std::string& name, const char* role, double scale) {
    const std::vector<float> prior = training_prior(*data_);
    EncoderScorer chooser = encode(*chosen_on_);
    const double weight = chosen_on_->users().empty() ? 1.0 : choose_weight(chooser, scale, prior);
    EncoderScorer scorer = encode(*test_);
    run_->record().newcomers.push_back({name, role, evaluate(scorer)});
    if (run_->name() == name) calibrate(chooser, scorer, prior);
    scorer.set_prior(scale, weight, prior);
    run_->record().newcomers.push_back({name + " + item prior", role, evaluate(scorer)});
    if (run_->name() == name) measure_serving(scorer.item_scores());
    return weight;
  }

  /// How far probabilities of likes are to be believed that logistic heads make of the scores. The root's own.
  void calibrate(EncoderScorer& of_validation, EncoderScorer& of_test, const std::vector<float>& prior) {
    agree_on_errors(group_, "calibrate", [&] {
      if (!group_.is_root() || chosen_on_->users().empty()) return;
      of_validation.set_prior(1.0, 0.0, {});
      const VerdictRules rules = run_->experiment().evaluation.rules();
      CalibrationInput input = calibrate_likes(run_->name(), *data_, prior, newcomer_options_.shots, of_validation,
                                               *chosen_on_, of_test, *test_, rules.bootstrap.seed);
      if (input.scorers.empty()) return;
      input.groups = groups_of(input.users);
      run_->record().summary["calibration"] = calibration_report(input, rules);
      run_->record().calibrated = calibrated_people(input);
    });
  }

  /// The root's own: the other ranks wait, so that nothing else runs.
  void measure_serving(const ItemScores& scores) {
    agree_on_errors(group_, "measure serving", [&] {
      if (!group_.is_root()) return;
      const ServingSubject subject{*texts_,
                                   *test_,
                                   scores,
                                   *learner_->encoder,
                                   learner_->parameters,
                                   *pool_,
                                   run_->experiment().batch.tokens,
                                   run_->experiment().evaluation.user_vector_rule(),
                                   tie_break(run_->experiment(), *data_),
                                   newcomer_options_.coverage_at};
      const std::size_t shots = *std::ranges::max_element(newcomer_options_.shots);
      run_->record().summary["cost"]["serving"] = serving_cost(subject, shots, clock_);
    });
  }

  /// One weight for all k: the largest mean NDCG@10 on role V.
  double choose_weight(EncoderScorer& scorer, double scale, const std::vector<float>& prior) const {
    double best_weight = 0, best = -1;
    for (const double weight : {0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0}) {
      scorer.set_prior(scale, weight, prior);
      NewcomerOptions options = newcomer_options_;
      options.metrics = {{RankingMetric::ndcg, 10}};
      const NewcomerTable table = evaluate_newcomers(chosen_on_->users(), data_->dataset.items.size(),
                                                     tie_break(run_->experiment(), *data_), scorer, options);
      double sum = 0;
      for (const ShotRow& row : table.rows) sum += row.mean(0);
      if (sum > best) {
        best = sum;
        best_weight = weight;
      }
    }
    return best_weight;
  }

  SharedRows& shared_;
  const Group& group_;
  const Clock& clock_;
  std::unique_ptr<StoredRun> run_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<TokenizedTexts> texts_;
  std::unique_ptr<LanePool> pool_;
  std::unique_ptr<NewcomerSet> test_;
  std::unique_ptr<NewcomerSet> chosen_on_;
  NewcomerOptions newcomer_options_;
  std::vector<TargetSlicing> slicings_;  // of test_
};

class EvaluateCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage = "--run RUN [--run RUN ...] [--baseline RUN] [--junit FILE.xml] [--SECTION.KEY=VALUE ...]",
        .text =
            "Ranks all items for the strict new users of role H after k = 0, 1, 3, 5, 10 shown likes, beside "
            "baselines\n"
            "fitted on role T, and adds the per-user results to the run's record. Several ranks share the encoding.\n"
            "Bounds of the run's [expect] section are checked; a missed one is exit code 4, an undecided one 6. What "
            "stands\n"
            "here goes over the run's own configuration.",
        .config = ConfigUse::allowed,
        .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  /// Nothing that makes the run what it is.
  void add_sections(ConfigSchema& schema) override { sections_.add_to(schema, "the k-shot table of real newcomers"); }
  const CommOptions* comm() const override { return &sections_.distributed.comm; }

  ExitCode run(const Invocation& invocation) override {
    SharedRows shared;
    AcceptanceGate gate("evaluate", {"evaluation", "cost"}, options_.gate, invocation);
    for (const std::string& run : options_.run) {
      Evaluation evaluation(run, sections_.distributed.threads, shared, invocation, gate);
      evaluation.run();
      agree_on_errors(invocation.group, "check bounds", [&] {
        if (!invocation.group.is_root()) return;
        const std::string numbers = evaluation.text();
        invocation.output << fmt::format("{}\n{}{}\n", run, numbers, evaluation.check(run, gate)) << std::flush;
      });
    }
    ExitCode code = ExitCode::done;
    agree_on_errors(invocation.group, "write outcome", [&] {
      if (invocation.group.is_root()) code = gate.finish();
    });
    return code;
  }

 private:
  EvaluateOptions options_;
  NewcomerSections sections_;
};

}  // namespace

std::unique_ptr<Subcommand> make_evaluate_command() { return std::make_unique<EvaluateCommand>(); }

}  // namespace coldframe
