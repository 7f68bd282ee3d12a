#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "framework/cli/experiment.h"
#include "framework/cli/learner.h"
#include "framework/cli/newcomer_vectors.h"
#include "framework/cli/run_folder.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/training_record.h"
#include "framework/comm/consistency.h"
#include "framework/comm/stop_signal.h"
#include "framework/comm/topology.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/data/leakage.h"
#include "framework/reporting/tensorboard.h"
#include "framework/training/bulk_encoder.h"
#include "framework/training/lane_pool.h"

namespace coldframe {
namespace {

struct TrainOptions final : Options {
  bool resume = false;
  bool overwrite = false;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "resume", .doc = "go on from the newest intact checkpoint of the run folder"}, resume);
    visitor.visit({.name = "overwrite", .doc = "empty an existing run folder first"}, overwrite);
  }
  std::vector<Problem> validate() const override {
    if (resume && overwrite) return {{"resume", "(contradicts --overwrite) give one of them"}};
    return {};
  }
  ExistingRun existing() const {
    return resume ? ExistingRun::resume : overwrite ? ExistingRun::overwrite : ExistingRun::refuse;
  }
};

std::size_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

/// The largest value that any rank holds.
std::size_t largest_of_ranks(const Group& group, std::size_t mine) {
  std::size_t largest = mine;
  for (const std::string& text : all_gather_text(group, std::to_string(mine))) {
    largest = std::max(largest, static_cast<std::size_t>(std::stoull(text)));
  }
  return largest;
}

std::vector<UserLikes> training_users(const ExperimentData& data) {
  std::vector<UserLikes> users;
  for (const UserId user : data.roles.users(Role::train)) {
    const std::span<const ItemId> likes = data.likes.of(user);
    users.push_back({user, data.dataset.user_key(user), {likes.begin(), likes.end()}});
  }
  return users;
}

/// Known positives come from role T only. By UserId, sorted.
std::vector<std::vector<ItemId>> known_positives(const ExperimentData& data) {
  std::vector<std::vector<ItemId>> likes(data.dataset.users.size());
  for (const UserId user : data.roles.users(Role::train)) {
    const std::span<const ItemId> of = data.likes.of(user);
    likes[user.value()].assign(of.begin(), of.end());
    std::ranges::sort(likes[user.value()]);
  }
  return likes;
}

/// One training run from configuration to export. Members stand in the order in which they are made.
class TrainingRun {
 public:
  TrainingRun(const Experiment& experiment, const Invocation& invocation, ExistingRun existing)
      : experiment_(experiment), invocation_(invocation), group_(invocation.group), folder_{experiment.run_folder()} {
    agree_on_errors(group_, "start", [&] {
      LaneTree(static_cast<int>(experiment.batch.lanes), group_.size());  // more ranks than lanes: said before any work
      if (group_.is_root()) check_run_folder(folder_, invocation.config, existing);
    });
    agree_on_errors(group_, "load data", [&] { data_ = std::make_unique<ExperimentData>(experiment); });
    agree_on_errors(group_, "load encoder", [&] {
      learner_ = std::make_unique<Learner>(experiment, invocation.config);
      const std::int64_t limit = experiment.text.max_tokens > 0
                                     ? std::min(experiment.text.max_tokens, learner_->encoder->max_tokens())
                                     : learner_->encoder->max_tokens();
      texts_ = std::make_unique<TokenizedTexts>(*data_, learner_->tokenizer, limit);
    });
    compare_ranks();
    // Only now, so that a mistake in the inputs leaves no folder behind and empties none.
    agree_on_errors(group_, "run folder", [&] {
      if (!group_.is_root()) return;
      prepare_run_folder(folder_, invocation.config, existing);
      attach_log_file(folder_.log());
    });
  }

  ExitCode run(bool resume) {
    print_start();
    pool_ = std::make_unique<LanePool>(threads());
    TrainStep step(group_, *pool_, *learner_->encoder, learner_->parameters, *learner_->objective, step_options());
    const PairSampler sampler(training_users(*data_), experiment_.training.history_sizes,
                              static_cast<std::uint64_t>(experiment_.experiment.seed));
    const StepPlanner planner({sampler, *texts_, known_positives(*data_), data_->dataset.items.size()}, experiment_.batch,
                              learner_->objective->candidate_rule());
    log_info("step: {} pairs and {} extra items over {} lanes, {} ranks x {} threads; at most {} gradient buffers of {:.1f} MB per rank",
             experiment_.batch.pairs, experiment_.batch.extra_items, experiment_.batch.lanes, group_.size(), pool_->threads(),
             step.gradient_buffer_bound(), static_cast<double>(step.layout().dense_size()) * 4e-6);
    Trainer trainer(group_, step, planner, learner_->parameters, {folder_.checkpoints(), folder_.metrics()},
                    experiment_.checkpoint,
                    {experiment_.training.validate_every, experiment_.training.patience}, invocation_.clock, hooks());
    if (resume) report_resume(trainer);
    // Only from here on: what stopped a run from going on is no failure of what was done before.
    if (group_.is_root()) invocation_.on_failure.add(failure_record_hook(experiment_, invocation_.config, folder_));
    const TrainingSummary summary = trainer.run(identity(), experiment_.schedule.steps);
    finish(summary);
    return summary.end == TrainingEnd::stopped_on_request ? ExitCode::stopped : ExitCode::done;
  }

 private:
  int threads() const {
    if (experiment_.distributed.threads > 0) return static_cast<int>(experiment_.distributed.threads);
    const int lanes = (static_cast<int>(experiment_.batch.lanes) + group_.size() - 1) / group_.size();
    return std::clamp(topology_.default_threads, 1, lanes);
  }

  StepOptions step_options() const {
    StepOptions options;
    options.seed = static_cast<std::uint64_t>(experiment_.experiment.seed);
    options.lanes = experiment_.batch.lanes;
    options.replicate_below = experiment_.objective.replicate_below;
    options.activations = experiment_.batch.activations == "keep" ? Activations::keep : Activations::recompute;
    options.dropout_below_trainable = experiment_.strategy.frozen_dropout;
    options.optimizer = experiment_.optimizer;
    options.schedule = experiment_.schedule;
    return options;
  }

  /// What a checkpoint must share with the run that goes on from it.
  nlohmann::json identity() const {
    return {{"config", config_digest(invocation_.config)},
            {"data", data_->checksum},
            {"encoder", learner_->encoder_digest},
            {"tokenizer", learner_->tokenizer->fingerprint()},
            {"instruction_set", invocation_.provenance.instruction_set},
            {"build", invocation_.provenance.build_id}};
  }

  void compare_ranks() {
    std::vector<RankFact> facts;
    const nlohmann::json facts_json = identity();
    for (const auto& [key, value] : facts_json.items()) facts.push_back({key, value.get<std::string>()});
    const auto rule = experiment_.distributed.comm.allow_heterogeneous ? Heterogeneity::allowed : Heterogeneity::refused;
    const std::string differences = compare_facts(group_, facts, rule);
    if (!differences.empty() && group_.is_root()) log_warning("ranks differ; equal bits are not promised\n{}", differences);
    topology_ = discover_topology(group_);
  }

  void print_start() {
    if (!group_.is_root()) return;
    log_info("run {}", folder_.path.string());
    const Roles& roles = data_->roles;
    const std::vector<std::size_t> rows = training_rows(data_->dataset, roles);
    const LeakageReport leakage = check_leakage(data_->dataset, roles, rows);
    log_info("{}", leakage.text());
    if (!leakage.clean()) log_warning("held-out users are not strictly new: results on them flatter every strategy");
    log_info("{}", trainable_table(learner_->parameters));
  }

  TrainerHooks hooks() {
    TrainerHooks hooks;
    hooks.stop_requested = [] { return stop_requested(); };
    if (experiment_.training.validate_every > 0) {
      validation_users_ = std::make_unique<NewcomerSet>(*data_, Role::validate, static_cast<std::size_t>(experiment_.evaluation.masked));
      hooks.validate = [this](std::int64_t step) { return validate(step); };
    }
    if (!group_.is_root()) return hooks;
    progress_ = std::make_unique<Progress>("train", "steps", experiment_.schedule.steps, invocation_.clock);
    hooks.after_step = [this](const StepReport& report, std::int64_t) {
      progress_->note(fmt::format("loss {:.4f}", report.loss));
      progress_->set(report.step + 1);
    };
    return hooks;
  }

  /// NDCG@10 of role V at k = 0 by the pure text score.
  Validation validate(std::int64_t) {
    const BulkEncoder encoder(group_, *pool_, *learner_->encoder, learner_->parameters, experiment_.batch.tokens);
    const std::size_t none = 0;
    EncoderScorer scorer(encoder, *texts_, *data_, *validation_users_, {&none, 1}, UserVector::reencode);
    NewcomerOptions options = experiment_.evaluation.newcomers();
    options.shots = {0};
    options.metrics = {{RankingMetric::ndcg, 10}};
    const NewcomerTable table = evaluate_newcomers(validation_users_->users(), data_->dataset.items.size(),
                                                   tie_break(experiment_, *data_), scorer, options);
    return {table.rows.front().mean(0), {{"users", static_cast<double>(table.users.size())}}};
  }

  void report_resume(Trainer& trainer) {
    std::vector<std::string> damaged;
    const bool found = trainer.resume(identity(), damaged);
    if (!group_.is_root()) return;
    for (const std::string& message : damaged) log_warning("passed over a checkpoint: {}", message);
    if (!found) log_info("no checkpoint in {}: starting at step 0", folder_.checkpoints().string());
  }

  void finish(const TrainingSummary& summary) {
    if (progress_) progress_->finish();
    const std::size_t memory = largest_of_ranks(group_, peak_memory_bytes());
    agree_on_errors(group_, "export", [&] {
      if (!group_.is_root()) return;
      if (summary.end != TrainingEnd::stopped_on_request) export_model();
      const RunRecord record = make_training_record(
          {experiment_, *data_, *learner_, folder_, invocation_, identity(), pool_->threads(), memory}, summary);
      write_run_record(folder_.record(), record);
      write_tensorboard(folder_.path / k_tensorboard_name, record.metrics,
                        static_cast<double>(invocation_.clock.unix_seconds()) - summary.seconds);
    });
    if (!group_.is_root()) return;
    const char* end = summary.end == TrainingEnd::finished         ? "finished"
                      : summary.end == TrainingEnd::stopped_early ? "stopped early on role V"
                                                                  : "stopped on request; go on with --resume";
    log_info("{} after {} steps, {:.1f} s in steps, peak memory {:.0f} MB, parameter digest {:016x}", end,
             summary.steps_done, summary.seconds, static_cast<double>(memory) * 1e-6, summary.digest);
    invocation_.output << folder_.path.string() << '\n';
  }

  void export_model() const {
    for (std::size_t i = 0; i < learner_->strategies.size(); ++i) {
      const std::filesystem::path folder =
          learner_->strategies.size() == 1 ? folder_.model() : folder_.model() / experiment_.strategy.use[i];
      learner_->strategies[i]->export_to(folder, *learner_->encoder, learner_->parameters, experiment_.encoder.folder);
    }
  }

  const Experiment& experiment_;
  const Invocation& invocation_;
  const Group& group_;
  RunFolder folder_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<Learner> learner_;
  std::unique_ptr<TokenizedTexts> texts_;
  Topology topology_;
  std::unique_ptr<LanePool> pool_;
  std::unique_ptr<NewcomerSet> validation_users_;
  std::unique_ptr<Progress> progress_;
};

class TrainCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--config FILE [--config FILE ...] [--SECTION.KEY=VALUE ...] [--resume | --overwrite]",
            .text =
                "Fine-tunes the encoder on users of role T. Start it with mpirun or srun for several ranks, or alone.\n"
                "The run folder is ROOT/NAME/VARIANT/fold-F/seed-S; its path is printed at the end.",
            .config = ConfigUse::allowed,
            .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }

  ExitCode run(const Invocation& invocation) override {
    install_stop_handlers();
    return TrainingRun(experiment_, invocation, options_.existing()).run(options_.resume);
  }

 private:
  TrainOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace coldframe
