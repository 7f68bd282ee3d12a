#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <ostream>

#include "framework/cli/acceptance_gate.h"
#include "framework/cli/line_up.h"
#include "framework/cli/profile_text.h"
#include "framework/cli/run_reference.h"
#include "framework/cli/simulated_record.h"
#include "framework/cli/simulation_text.h"
#include "framework/cli/subcommands.h"
#include "framework/cli/trace_text.h"
#include "framework/comm/stop_signal.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/progress.h"
#include "framework/simulation/population_file.h"
#include "framework/simulation/role_guard.h"

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
      gate_.require_references(bounds());
      data_ = std::make_unique<ExperimentData>(experiment);
      population_ = std::make_unique<Population>(read_population(experiment.population.path));
      require_same_items(*population_, data_->dataset);
      for (const std::string& run : options.run) runs_.push_back(std::make_unique<StoredRun>(run));
      for (const std::unique_ptr<StoredRun>& run : runs_) require_strangers(*run);
      require_baselines_are_strangers();
    });
    const SimulationOptions& simulation = experiment.simulation;
    agree_on_errors(group_, "make the world", [&] {
      newcomers_ = std::make_unique<Newcomers>(*population_, population_->world(simulation.world), simulation.lambda,
                                               &experiment.world_drift);
      catalogue_ = std::make_unique<Catalogue>(data_->dataset);
      calibration_ = calibrate_choices_for(*population_, *catalogue_, simulation);
      user_model_ = make_user_model(simulation, calibration_.scale);
      dynamics_ = std::make_unique<UserDynamics>(experiment.dynamics, simulation, newcomers_->taste());
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
                                             *pool_};
    line_up_ =
        std::make_unique<LineUp>(LineUp::Setting{setting, *population_, *newcomers_, *user_model_, *dynamics_}, runs_);
  }

  ExitCode run() {
    if (options_.one() >= 0) return run_one(static_cast<std::uint64_t>(options_.one()));
    const ReplayResult result = line_up_->online().empty() ? merge_ranks(replay_my_share()) : replay_online();
    ExitCode code = ExitCode::done;
    agree_on_errors(group_, "write simulation", [&] {
      if (group_.is_root()) code = write(result);
    });
    return code;
  }

 private:
  const std::vector<FreeValue>& bounds() const { return invocation_.config.free_values("expect"); }

  ExitCode write(const ReplayResult& result) {
    const auto users = static_cast<std::uint64_t>(experiment_.simulation.users);
    const bool complete = result.end - result.begin == users;
    if (result.begin == result.end) {
      invocation_.output << "stopped before any block of users was complete; nothing is written\n";
      return ExitCode::stopped;
    }
    const Simulated simulated{experiment_, *data_, *population_, calibration_, invocation_, result, line_up_->roles(), runs_};
    const SimulationRecord record = make_simulation_record(simulated);
    write_simulation_record(options_.output, record);
    if (!options_.log.empty()) write_simulated_logs(logs_to(options_.log), simulated);
    invocation_.output << simulation_text(record, experiment_.evaluation.bootstrap());
    if (!complete) {
      invocation_.output << fmt::format(
          "\nstopped: {} of {} users, the same ones under every policy; {} says that it is incomplete and no bound is "
          "checked\n",
          result.end - result.begin, users, options_.output);
      return ExitCode::stopped;
    }
    invocation_.output << check(record);
    return gate_.finish();
  }

  std::string check(const SimulationRecord& record) {
    const BootstrapOptions bootstrap = experiment_.evaluation.bootstrap();
    return gate_.check(
        options_.output, bounds(), simulation_measures(record, bootstrap), experiment_.evaluation,
        [&](const std::string& path) { return read_simulation_reference(path, options_.output, record, bootstrap); });
  }

  void require_strangers(const StoredRun& run) const {
    const SimulationOptions& simulation = experiment_.simulation;
    const RunRecord& record = run.record();
    if (record.summary.at("identity").at("data") != data_->checksum && simulation.roles != "closed_world") {
      throw DataError(
          fmt::format("{} was trained on other data than {}", run.folder().path.string(), experiment_.data.path),
          "their people cannot be told apart", "use one store, or simulation.roles = closed_world for simulated logs");
    }
    const std::string& texts = population_->observables.evaluation_template;
    if (!texts.empty() && run.experiment().text.user == texts) {
      throw ConfigError(
          fmt::format("{} was trained on the template of the population's newcomers", run.folder().path.string()),
          "evaluation templates are disjoint from training templates", "make a population with another user_template");
    }
    const std::string owner = fmt::format("run {}", run.folder().path.string());
    const RoleMembers learned[] = {
        {owner, Role::train, record.summary.at("roles").at("train"), record.train_users},
        {owner, Role::validate, record.summary.at("roles").at("validate"), record.validate_users}};
    require_disjoint_roles(learned, population_->world_users,
                           simulation.roles == "closed_world" ? WorldMode::closed_world : WorldMode::open);
  }

  /// Baselines learn from role T of these options, which need not be the roles the population was made with.
  void require_baselines_are_strangers() const {
    const SimulationOptions& simulation = experiment_.simulation;
    const auto learns = [](const std::string& policy) {
      return learns_from_people(policy_named(policy, "simulation.policies"));
    };
    if (std::ranges::none_of(simulation.policies, learns)) return;
    const RoleMembers learned[] = {
        role_members(data_->dataset, data_->roles, Role::train, fmt::format("baselines on {}", experiment_.data.path))};
    require_disjoint_roles(learned, population_->world_users,
                           simulation.roles == "closed_world" ? WorldMode::closed_world : WorldMode::open);
  }

  LogWriting logs_to(const std::string& folder) const {
    LogWriting writing{folder, options_.log_csv, {}};
    for (std::size_t p = 0; p < line_up_->contestants().size(); ++p) writing.kinds.push_back(line_up_->kind(p));
    return writing;
  }

  ReplayWorld world() const { return {newcomers_.get(), catalogue_.get(), user_model_.get(), dynamics_.get()}; }

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
                      group_.is_root() ? ProgressSink::terminal() : ProgressSink{});
    std::mutex drawing;
    request.progress = [&](std::uint64_t done) {
      const std::scoped_lock lock(drawing);
      progress.set(static_cast<std::int64_t>(done));
    };
    group_.report_position("simulate", 0);
    ReplayResult result = replay(world(), line_up_->contestants(), replay_options_, request);
    progress.finish();
    return result;
  }

  /// Period after period: what is learned in one is known in the next, on every rank.
  ReplayResult replay_online() const {
    const auto first = static_cast<std::uint64_t>(experiment_.simulation.first_user);
    return replay_until(first + static_cast<std::uint64_t>(experiment_.simulation.users),
                        options_.log.empty() ? KeepLog::no : KeepLog::yes);
  }

  ReplayResult replay_until(std::uint64_t end, KeepLog keep) const {
    const auto first = static_cast<std::uint64_t>(experiment_.simulation.first_user);
    Progress progress("simulate", "users", static_cast<std::int64_t>(end - first), invocation_.clock,
                      group_.is_root() ? ProgressSink::terminal() : ProgressSink{});
    std::mutex drawing;
    const auto ranks = static_cast<std::uint64_t>(group_.size());
    ReplayRequest request{first, end, keep, {}, stop_requested};
    request.progress = [&](std::uint64_t done) {
      const std::scoped_lock lock(drawing);
      progress.set(static_cast<std::int64_t>(done));
    };
    group_.report_position("simulate", 0);
    ReplayResult result = replay_periods(world(), line_up_->contestants(), replay_options_, request,
                                         {line_up_->online(), static_cast<std::uint64_t>(group_.rank()), ranks,
                                          [this](ReplayResult mine) { return merge_ranks(std::move(mine)); }});
    progress.finish();
    return result;
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
      invocation_.output << trace_text(result, {data_->dataset, *population_, experiment_.simulation});
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
  std::unique_ptr<UserModel> user_model_;
  std::unique_ptr<Newcomers> newcomers_;
  std::unique_ptr<UserDynamics> dynamics_;
  std::unique_ptr<LanePool> pool_;
  SimulationOptions replay_options_;
  EntityTable profile_texts_;
  std::unique_ptr<LineUp> line_up_;
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
