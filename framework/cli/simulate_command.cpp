#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/enlarged_data.h"
#include "framework/cli/line_up.h"
#include "framework/cli/profile_text.h"
#include "framework/cli/program.h"
#include "framework/cli/run_reference.h"
#include "framework/cli/saved_users.h"
#include "framework/cli/simulated_log_files.h"
#include "framework/cli/simulated_pages.h"
#include "framework/cli/simulated_record.h"
#include "framework/cli/simulated_rows.h"
#include "framework/cli/simulation_guards.h"
#include "framework/cli/simulation_outputs.h"
#include "framework/cli/simulation_text.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/trace_text.h"
#include "framework/comm/stop_signal.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/simulation/catalogue_churn.h"
#include "framework/simulation/population_file.h"

namespace coldframe {
namespace {

struct SimulateOptions final : Options {
  std::vector<std::string> run;
  std::string output;
  std::string log;
  bool log_csv = false;
  std::int64_t only_user = -1;
  std::int64_t trace = -1;
  GateOptions gate;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder of a trained strategy; may be given several times"}, run);
    visitor.visit({.name = "output", .doc = "simulation record to write (.h5)"}, output);
    visitor.visit({.name = "log", .doc = "folder for one dataset store per policy with everything shown; empty: none"},
                  log);
    visitor.visit({.name = "log-csv", .doc = "write each log as CSV for other programs too"}, log_csv);
    visitor.visit({.name = "only-user",
                   .doc = "replay this user alone, -1 = all; prints the digest, writes nothing",
                   .minimum = -1},
                  only_user);
    visitor.visit({.name = "trace",
                   .doc = "replay this user alone and print every page: utilities, probabilities, draws, clicks",
                   .minimum = -1},
                  trace);
    gate.describe(visitor, GateOptions::Baseline::allowed);
  }
  std::int64_t one() const { return trace >= 0 ? trace : only_user; }
  std::vector<Problem> validate() const override {
    std::vector<Problem> problems = gate.problems();
    if (only_user >= 0 && trace >= 0)
      problems.push_back({"trace", "(only-user replays one user too) give one of them"});
    if (output.empty() && one() < 0) {
      problems.push_back({"output", "(is missing) give the simulation record to write"});
    }
    if (log_csv && log.empty()) problems.push_back({"log-csv", "(without --log nothing is logged) give --log DIR"});
    return problems;
  }
};

/// One simulation: the world, its newcomers, and everybody who is in the race. Members stand in order of making.
class Simulation {
 public:
  Simulation(const SimulateOptions& options, const Experiment& experiment, const Invocation& invocation)
      : options_(options),
        experiment_(experiment),
        invocation_(invocation),
        group_(invocation.group),
        gate_("simulate", {"simulation"}, options.gate, invocation) {
    agree_on_errors(group_, "open simulation", [&] {
      if (group_.is_root() && options.one() < 0) outputs().prepare();
      gate_.require_references(bounds());
      population_ = std::make_unique<Population>(read_population(experiment.population.path));
      data_ = enlarged_data(experiment, population_->synthetic_items);
      require_same_items(*population_, data_->dataset);
      for (const std::string& run : options.run) runs_.push_back(std::make_unique<StoredRun>(run));
      const SimulationGuards guards{experiment, *data_, *population_};
      for (const std::unique_ptr<StoredRun>& run : runs_) guards.require_strangers(*run);
      guards.require_baselines_are_strangers();
      guards.require_countable_periods(last_user());
      if (options.one() < 0 && group_.is_root()) guards.warn_of_changes_to_come();
    });
    const SimulationOptions& simulation = experiment.simulation;
    agree_on_errors(group_, "make the world", [&] {
      if (experiment.mix_drift.active()) mix_.emplace(population_->observables, experiment.mix_drift);
      newcomers_ = std::make_unique<Newcomers>(*population_, population_->world(simulation.world), simulation.lambda,
                                               &experiment.world_drift, mix_ ? &*mix_ : nullptr);
      const PopulationObservables& known = population_->observables;
      catalogue_ =
          std::make_unique<Catalogue>(churned(Catalogue(data_->dataset), data_->new_items, experiment.catalogue_churn,
                                              {known.start, known.period_seconds}, population_->seed));
      add_builtin_user_models(user_models_);
      if (extensions().user_models) extensions().user_models(user_models_);
      calibration_ = calibrate_choices_for(*population_, *catalogue_, simulation, user_models_);
      user_model_ = make_user_model(simulation, calibration_.scale, user_models_);
      dynamics_ = std::make_unique<UserDynamics>(experiment.dynamics, simulation, newcomers_->taste());
      if (somebody_asks()) answers_ = answer_law();
      if (experiment.search.active()) {
        search_.emplace(experiment.search, data_->dataset.items, static_cast<std::uint64_t>(simulation.seed));
      }
      if (experiment.vocabulary_drift.active()) {
        words_.emplace(experiment.vocabulary_drift, population_->seed,
                       static_cast<std::uint32_t>(population_->observables.pool.size()));
      }
      if (experiment.ads.active()) {
        ads_.emplace(experiment.ads, data_->dataset, population_->seed);
      }
    });
    const int threads =
        simulation.threads > 0 ? static_cast<int>(simulation.threads) : discover_topology(group_).default_threads;
    pool_ = std::make_unique<LanePool>(threads);
    replay_options_ = simulation;
    replay_options_.threads = threads;
    profile_texts_ = profile_table(population_->observables, data_->dataset.users);
    const EncoderContestant::Setting setting{*data_,
                                             profile_texts_,
                                             population_->observables.evaluation_template,
                                             simulation,
                                             experiment.evaluation.user_vector_rule(),
                                             *catalogue_,
                                             group_,
                                             *pool_,
                                             words_ ? &*words_ : nullptr,
                                             search_ ? search_->queries() : std::span<const Query>(),
                                             experiment.search};
    line_up_ = std::make_unique<LineUp>(
        LineUp::Setting{setting, *population_, *newcomers_, *user_model_, *dynamics_, experiment.onboarding,
                        answers_ ? &*answers_ : nullptr, search(), ads(), alone()},
        runs_);
    agree_on_errors(group_, "look at logs", [&] { outputs().require_logs_replace_nothing(line_up_->names()); });
  }

  ExitCode run() {
    if (options_.one() >= 0) return run_one(static_cast<std::uint64_t>(options_.one()));
    const std::string scored = scoring();
    const std::filesystem::path waiting = std::filesystem::path(options_.output).parent_path();
    rows_ = std::make_unique<SimulatedRows>(group_, waiting);
    if (!options_.log.empty()) pages_ = std::make_unique<SimulatedPages>(group_, waiting);
    if (search_) {
      search_rates_ = std::make_unique<SearchRates>(line_up_->contestants().size(), experiment_.evaluation.bootstrap());
    }
    if (ads_) {
      ad_rates_ = std::make_unique<AdRates>(line_up_->contestants().size(), experiment_.evaluation.bootstrap());
    }
    saved_ = SavedUsers::against_popularity(line_up_->contestants());
    const ReplayResult result = line_up_->online().empty() ? merge_ranks(replay_my_share()) : replay_online();
    gather_rates(result);
    if (result.begin == result.end) {
      if (!group_.is_root()) return ExitCode::done;
      invocation_.output << "stopped before any block of users was complete; nothing is written\n";
      return ExitCode::stopped;
    }
    std::optional<PairedBootstrap> rates;
    if (attainable_range(result)) rates.emplace(resampled(result));
    const Simulated simulated{experiment_,
                              *data_,
                              *population_,
                              calibration_,
                              invocation_,
                              result,
                              line_up_->roles(),
                              runs_,
                              *catalogue_,
                              scored,
                              answers_ ? &*answers_ : nullptr,
                              mix_ ? &*mix_ : nullptr,
                              search(),
                              search_rates_.get(),
                              ads(),
                              ad_rates_.get(),
                              words_ ? words_->shift() : nullptr,
                              saved_.get()};
    const nlohmann::json summary = write_record(simulated);
    if (pages_) write_logs(simulated);
    ExitCode code = ExitCode::done;
    agree_on_errors(group_, "write simulation", [&] {
      if (group_.is_root()) code = conclude(simulated, summary, rates ? &*rates : nullptr);
    });
    return code;
  }

 private:
  SimulationOutputs outputs() const {
    return {options_.output, options_.log, {experiment_.data.path, experiment_.population.path}};
  }

  std::optional<std::uint64_t> alone() const {
    if (options_.one() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(options_.one());
  }

  /// Number of the last newcomer who is met.
  std::uint64_t last_user() const {
    const SimulationOptions& simulation = experiment_.simulation;
    return alone().value_or(static_cast<std::uint64_t>(simulation.first_user + simulation.users - 1));
  }

  const std::vector<FreeValue>& bounds() const { return invocation_.config.free_values("expect"); }

  PairedBootstrap resampled(const ReplayResult& result) const {
    Progress progress("resample", "users", static_cast<std::int64_t>(result.end - result.begin) / group_.size(),
                      invocation_.clock, terminal());
    return rows_->bootstrap(result.begin, result.end, result.policies.size(), experiment_.evaluation.bootstrap(),
                            [&](std::uint64_t done) { progress.set(static_cast<std::int64_t>(done)); });
  }

  ProgressSink terminal() const { return group_.is_root() ? ProgressSink::terminal() : ProgressSink{}; }

  /// Collective; the root writes, and returns the record's summary.
  nlohmann::json write_record(const Simulated& simulated) const {
    SimulationRecord head;
    std::unique_ptr<SimulationRecordWriter> writer;
    const ReplayResult& result = simulated.result;
    agree_on_errors(group_, "begin the record", [&] {
      if (!group_.is_root()) return;
      head = make_simulation_record(simulated);
      writer = std::make_unique<SimulationRecordWriter>(options_.output, head, result.end - result.begin);
    });
    Progress progress("write", "users", static_cast<std::int64_t>(result.end - result.begin), invocation_.clock,
                      terminal());
    rows_->each(result.begin, result.end, [&](std::uint64_t user, std::span<const SimulatedUser> outcomes) {
      writer->add(user, outcomes);
      if (user % 4096 == 0) progress.set(static_cast<std::int64_t>(user - result.begin));
    });
    progress.finish();
    agree_on_errors(group_, "finish the record", [&] {
      if (writer) writer->finish();
    });
    return head.summary;
  }

  /// One dataset store per policy, with everything it showed. Collective.
  void write_logs(const Simulated& simulated) const {
    const CatalogueChurnOptions& churn = experiment_.catalogue_churn;
    const bool moving = churn.arrives() || churn.leave_share > 0;
    const std::vector<std::filesystem::path> stems = log_stems(options_.log, line_up_->names());
    for (std::size_t p = 0; p < simulated.result.policies.size(); ++p) {
      const SimulatedPages::Extent extent = pages_->extent(p);
      const std::string& policy = simulated.result.policies[p].policy;
      std::unique_ptr<SimulatedLogFiles> files;
      agree_on_errors(group_, "begin a log", [&] {
        if (!group_.is_root()) return;
        std::filesystem::create_directories(options_.log);
        files = std::make_unique<SimulatedLogFiles>(
            stems[p],
            SimulatedLogBuilder::Setting{data_->dataset, *population_, policy, line_up_->kind(p),
                                         experiment_.simulation.clicked_items == "stay",
                                         search_ ? search_->queries() : std::span<const Query>(), extent.columns},
            extent.impressions, options_.log_csv, moving ? catalogue_.get() : nullptr);
      });
      Progress progress(fmt::format("log {}", policy), "impressions", static_cast<std::int64_t>(extent.impressions),
                        invocation_.clock, terminal());
      std::int64_t done = 0;
      pages_->each(p, simulated.result.begin, simulated.result.end, [&](const PageRow& page) {
        files->add(page);
        progress.set(done += static_cast<std::int64_t>(page.items.size()));
      });
      progress.finish();
      agree_on_errors(group_, "finish a log", [&] {
        if (files) files->finish();
      });
    }
  }

  /// Text and bounds of a written record.
  ExitCode conclude(const Simulated& simulated, const nlohmann::json& summary, const PairedBootstrap* rates) {
    invocation_.output << simulation_text(summary, simulated.result, rates, experiment_.evaluation.bootstrap().level);
    if (saved_) invocation_.output << saved_text(simulated.result, *saved_);
    if (search_) invocation_.output << search_text(simulated.result, simulated.search_rates);
    if (ads_) invocation_.output << ads_text(simulated.result, simulated.ad_rates);
    if (!summary.at("complete").get<bool>()) {
      invocation_.output << fmt::format(
          "\nstopped: {} of {} users, the same ones under every policy; {} says that it is incomplete and no bound is "
          "checked\n",
          simulated.result.end - simulated.result.begin, experiment_.simulation.users, options_.output);
      return ExitCode::stopped;
    }
    invocation_.output << check();
    return gate_.finish();
  }

  std::string check() {
    const BootstrapOptions bootstrap = experiment_.evaluation.bootstrap();
    const auto mine = std::make_shared<const SimulationRecordReader>(options_.output);
    return gate_.check(options_.output, bounds(), simulation_measures(mine, bootstrap), experiment_.evaluation,
                       [&](const std::string& path) {
                         return read_simulation_reference(path, options_.output,
                                                          read_simulation_record(options_.output), bootstrap);
                       });
  }

  /// Of encoders, as it is done; says so where it is not what was asked for.
  std::string scoring() const {
    if (experiment_.simulation.scoring != "int8") return "fp32";
    if (usable_scoring(Scoring::int8) == Scoring::int8) return "int8";
    if (group_.is_root() && !runs_.empty()) {
      log_warning(
          "simulation.scoring = int8 (this processor has no AVX-512 VNNI): encoders score in fp32, the same pages");
    }
    return "fp32";
  }

  bool somebody_asks() const {
    return std::ranges::any_of(experiment_.simulation.policies, [](const std::string& policy) {
      return policy_named(policy, "simulation.policies", &own_policies()).onboarding.has_value();
    });
  }

  /// Solved in the world before any drift, as click rates are.
  AnswerLaw answer_law() const {
    const SimulationOptions& simulation = experiment_.simulation;
    const Newcomers before(*population_, population_->world(simulation.world), simulation.lambda);
    return calibrate_answers(before, *catalogue_, experiment_.onboarding, calibration_.scale.scale,
                             static_cast<std::uint64_t>(simulation.seed));
  }

  const SearchLaw* search() const { return search_ ? &*search_ : nullptr; }
  const AdMarket* ads() const { return ads_ ? &*ads_ : nullptr; }

  ReplayWorld world() const {
    return {newcomers_.get(), catalogue_.get(), user_model_.get(), dynamics_.get(), search(), ads()};
  }

  ReplayResult replay_my_share() const {
    const SimulationOptions& simulation = experiment_.simulation;
    const auto first = static_cast<std::uint64_t>(simulation.first_user),
               users = static_cast<std::uint64_t>(simulation.users);
    const auto ranks = static_cast<std::uint64_t>(group_.size()), rank = static_cast<std::uint64_t>(group_.rank());
    ReplayRequest request{first + users * rank / ranks,
                          first + users * (rank + 1) / ranks,
                          options_.log.empty() ? KeepLog::no : KeepLog::yes,
                          {},
                          stop_requested};
    Progress progress("simulate", "users", static_cast<std::int64_t>(request.end - request.begin), invocation_.clock,
                      terminal());
    std::mutex drawing;
    request.progress = [&](std::uint64_t done) {
      const std::scoped_lock lock(drawing);
      progress.set(static_cast<std::int64_t>(done));
    };
    group_.report_position("simulate", 0);
    ReplayResult result;
    agree_on_errors(group_, "simulate", [&] {
      result = collected(request, [&] { return replay(world(), line_up_->contestants(), replay_options_, request); });
    });
    progress.finish();
    return result;
  }

  /// What a replay of the request brings about. Rows of users go to rows_, their pages to pages_.
  template <class Replay>
  ReplayResult collected(ReplayRequest& request, const Replay& run) const {
    ReplayResult sums{request.begin, request.begin, {}};
    const bool every_rank_has_all = !line_up_->online().empty();
    request.take = [&](ReplayResult part) {
      if (rows_ && (group_.is_root() || !every_rank_has_all)) {
        rows_->add(part);
        if (search_rates_) search_rates_->add(part);
        if (ad_rates_) ad_rates_->add(part);
        if (pages_) pages_->add(part);
        if (saved_) saved_->add(part);
      }
      for (PolicyOutcome& outcome : part.policies) {
        outcome.log = {};
        outcome.users = {};
        outcome.searches = {};
        outcome.ads = {};
      }
      sums.merge(std::move(part));
    };
    ReplayResult rest = run();
    if (sums.policies.empty()) sums.policies = std::move(rest.policies);
    return sums;
  }

  /// Period after period: what is learned in one is known in the next, on every rank.
  ReplayResult replay_online() const {
    const auto first = static_cast<std::uint64_t>(experiment_.simulation.first_user);
    return replay_until(first + static_cast<std::uint64_t>(experiment_.simulation.users),
                        options_.log.empty() ? KeepLog::no : KeepLog::yes);
  }

  ReplayResult replay_until(std::uint64_t end, KeepLog keep) const {
    const auto first = static_cast<std::uint64_t>(experiment_.simulation.first_user);
    Progress progress("simulate", "users", static_cast<std::int64_t>(end - first), invocation_.clock, terminal());
    std::mutex drawing;
    const auto ranks = static_cast<std::uint64_t>(group_.size());
    ReplayRequest request{first, end, keep, {}, stop_requested};
    request.progress = [&](std::uint64_t done) {
      const std::scoped_lock lock(drawing);
      progress.set(static_cast<std::int64_t>(done));
    };
    group_.report_position("simulate", 0);
    ReplayResult result = collected(request, [&] {
      return replay_periods(world(), line_up_->contestants(), replay_options_, request,
                            {line_up_->online(), static_cast<std::uint64_t>(group_.rank()), ranks,
                             [this](ReplayResult mine) { return merge_ranks(std::move(mine)); }});
    });
    progress.finish();
    return result;
  }

  /// Collective. A rank that was stopped may have counted users behind a gap: then there are no intervals.
  void gather_rates(const ReplayResult& result) {
    if (group_.size() == 1 || !line_up_->online().empty()) return;
    const bool complete = result.end - result.begin == static_cast<std::uint64_t>(experiment_.simulation.users);
    if (!complete) {
      search_rates_.reset();
      ad_rates_.reset();
      saved_.reset();
    }
    if (search_rates_) search_rates_->gather(group_);
    if (ad_rates_) ad_rates_->gather(group_);
    if (saved_) saved_->gather(group_);
  }

  ReplayResult merge_ranks(ReplayResult mine) const {
    if (group_.size() == 1) return mine;
    const std::vector<std::vector<std::byte>> parts = all_gather(group_, pack(mine));
    ReplayResult whole = unpack_replay_result(parts.front());
    // After a stop, users of a later rank may be complete while some before them are not.
    for (std::size_t rank = 1; rank < parts.size(); ++rank) {
      if (!whole.append(unpack_replay_result(parts[rank]))) break;
    }
    return whole;
  }

  /// What bandits know when this user arrives: the periods before are replayed.
  void learn_until(std::uint64_t user) const {
    const auto first = static_cast<std::uint64_t>(experiment_.simulation.first_user);
    const auto period = static_cast<std::uint64_t>(population_->observables.users_per_period);
    const std::uint64_t begin = user / period * period;
    if (!line_up_->online().empty() && begin > first) replay_until(begin, KeepLog::no);
  }

  ExitCode run_one(std::uint64_t user) {
    learn_until(user);
    const KeepLog keep = options_.trace >= 0 ? KeepLog::trace : KeepLog::no;
    const ReplayResult result = replay(world(), line_up_->contestants(), replay_options_, {user, user + 1, keep, {}});
    if (!group_.is_root()) return ExitCode::done;
    if (keep == KeepLog::trace)
      invocation_.output << trace_text(result,
                                       {data_->dataset, *population_, experiment_.simulation, *user_model_, search()});
    invocation_.output << user_text(result);
    return ExitCode::done;
  }

  const SimulateOptions& options_;
  const Experiment& experiment_;
  const Invocation& invocation_;
  const Group& group_;
  AcceptanceGate gate_;
  std::unique_ptr<ExperimentData> data_;
  std::unique_ptr<Population> population_;
  std::vector<std::unique_ptr<StoredRun>> runs_;
  std::unique_ptr<Catalogue> catalogue_;
  ChoiceCalibration calibration_;
  UserModelRegistry user_models_;
  std::unique_ptr<UserModel> user_model_;
  std::optional<PopulationMix> mix_;      // when it changes
  std::optional<VocabularyDrift> words_;  // when they change
  std::unique_ptr<Newcomers> newcomers_;
  std::unique_ptr<UserDynamics> dynamics_;
  std::optional<AnswerLaw> answers_;  // when somebody asks
  std::optional<SearchLaw> search_;   // when somebody searches
  std::optional<AdMarket> ads_;       // when places are sold
  std::unique_ptr<LanePool> pool_;
  SimulationOptions replay_options_;
  EntityTable profile_texts_;
  std::unique_ptr<LineUp> line_up_;
  std::unique_ptr<SimulatedRows> rows_;        // not for one user
  std::unique_ptr<SimulatedPages> pages_;      // when they are logged
  std::unique_ptr<SearchRates> search_rates_;  // when somebody searches
  std::unique_ptr<AdRates> ad_rates_;          // when places are sold
  std::unique_ptr<SavedUsers> saved_;          // when popularity is in the race
};

class SimulateCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {
        .usage =
            "--config FILE --run RUN [--run RUN ...] --output FILE.h5 [--log DIR [--log-csv]] [--only-user N | --trace "
            "N] [--junit FILE.xml]",
        .text =
            "Replays synthetic newcomers of a population against trained encoders, floors, baselines and oracles: the\n"
            "same people and the same random numbers for each. Several ranks share the users; results have the same\n"
            "bytes for any number of ranks and threads. Bounds `simulation.*` of [expect] are checked. Ctrl-C "
            "(SIGINT,\n"
            "SIGTERM, SIGUSR1) keeps the first users that are complete under every policy, and exit code 75 says so.",
        .config = ConfigUse::allowed,
        .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }
  ExitCode run(const Invocation& invocation) override {
    install_stop_handlers();
    return Simulation(options_, experiment_, invocation).run();
  }

 private:
  SimulateOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_simulate_command() { return std::make_unique<SimulateCommand>(); }

}  // namespace coldframe
