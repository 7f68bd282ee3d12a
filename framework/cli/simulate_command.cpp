#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <ostream>

#include "framework/baselines/baseline.h"
#include "framework/cli/encoder_contestant.h"
#include "framework/cli/simulation_text.h"
#include "framework/cli/subcommands.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/log.h"
#include "framework/core/progress.h"
#include "framework/data/dataset_store.h"
#include "framework/reporting/simulation_record.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/choice_calibration.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/population_file.h"
#include "framework/simulation/replay.h"
#include "framework/simulation/replay_log.h"

namespace coldframe {
namespace {

struct SimulateOptions final : Options {
  std::vector<std::string> run;
  std::string output;
  std::string log;
  std::int64_t only_user = -1;

  void describe(OptionVisitor& visitor) override {
    visitor.visit({.name = "run", .doc = "run folder of a trained strategy; may be given several times"}, run);
    visitor.visit({.name = "output", .doc = "simulation record to write (.h5)"}, output);
    visitor.visit({.name = "log", .doc = "folder for one dataset store per policy with everything shown; empty: none"}, log);
    visitor.visit({.name = "only-user", .doc = "replay this user alone, -1 = all; prints the digest, writes nothing",
                   .minimum = -1},
                  only_user);
  }
  std::vector<Problem> validate() const override {
    if (output.empty() && only_user < 0) return {{"output", "(is missing) give the simulation record to write"}};
    return {};
  }
};

/// One simulation: the world, its newcomers, and everybody who is in the race. Members stand in order of making.
class Simulation {
 public:
  Simulation(const SimulateOptions& options, const Experiment& experiment, const Invocation& invocation)
      : options_(options), experiment_(experiment), invocation_(invocation), group_(invocation.group) {
    agree_on_errors(group_, "open simulation", [&] {
      data_ = std::make_unique<ExperimentData>(experiment);
      population_ = std::make_unique<Population>(read_population(experiment.population.path));
      require_same_items(*population_, data_->dataset);
      for (const std::string& run : options.run) runs_.push_back(std::make_unique<StoredRun>(run));
      for (const std::unique_ptr<StoredRun>& run : runs_) require_strangers(*run);
    });
    const SimulationOptions& simulation = experiment.simulation;
    catalogue_ = std::make_unique<Catalogue>(data_->dataset);
    calibration_ = calibrate_choices_for(*population_, *catalogue_, simulation);
    user_model_ = make_user_model(simulation, calibration_.scale);
    newcomers_ = std::make_unique<Newcomers>(*population_, population_->world(simulation.world), simulation.lambda);
    dynamics_ = std::make_unique<UserDynamics>(experiment.dynamics, simulation, newcomers_->taste());
    const int threads = simulation.threads > 0 ? static_cast<int>(simulation.threads) : discover_topology(group_).default_threads;
    pool_ = std::make_unique<LanePool>(threads);
    replay_options_ = simulation;
    replay_options_.threads = threads;
  }

  void gather_contestants() {
    const SimulationOptions& simulation = experiment_.simulation;
    const auto seed = static_cast<std::uint64_t>(simulation.seed);
    const TieBreak ties = catalogue_->ties(seed);
    for (const std::string& name : simulation.policies) {
      if (name == "random") add(std::make_unique<RandomPolicy>(name, seed, *catalogue_), "floor");
      if (name == "popularity") add(std::make_unique<FixedScorePolicy>(name, popularity(), ties), "baseline");
      if (name == "informed_oracle") {
        add(std::make_unique<InformedOracle>("informed oracle", *newcomers_, *user_model_, ties,
                                             InformedOracleOptions{.draws = static_cast<std::size_t>(simulation.oracle_draws),
                                                                   .close_candidates = static_cast<std::size_t>(simulation.oracle_candidates),
                                                                   .seed = seed,
                                                                   .dynamics = dynamics_.get()}),
            "ceiling");
      }
      if (name == "oracle") {
        oracle_ = std::make_unique<LatentOracle>(name, *user_model_, ties);
        contestants_.emplace_back(*oracle_);
        roles_.push_back("ceiling");
      }
    }
    const EncoderContestant::Setting setting{*data_, *population_, simulation, *catalogue_, group_, *pool_};
    if (!runs_.empty()) {
      add_encoder("frozen encoder", runs_.front()->load_pretrained(), runs_.front()->experiment(), 20.0, "baseline", setting);
    }
    for (const std::unique_ptr<StoredRun>& run : runs_) {
      add_encoder(run->name(), run->load_learner(), run->experiment(), run->scale(), "strategy", setting);
    }
  }

  ExitCode run() {
    gather_contestants();
    const SimulationOptions& simulation = experiment_.simulation;
    const auto first = static_cast<std::uint64_t>(simulation.first_user), users = static_cast<std::uint64_t>(simulation.users);
    if (options_.only_user >= 0) return run_one(static_cast<std::uint64_t>(options_.only_user));
    const auto ranks = static_cast<std::uint64_t>(group_.size()), rank = static_cast<std::uint64_t>(group_.rank());
    ReplayRequest request{first + users * rank / ranks, first + users * (rank + 1) / ranks,
                          options_.log.empty() ? KeepLog::no : KeepLog::yes, {}};
    Progress progress("simulate", "users", static_cast<std::int64_t>(request.end - request.begin), invocation_.clock,
                      group_.is_root() ? ProgressSink::terminal() : ProgressSink{});
    std::mutex drawing;
    request.progress = [&](std::uint64_t done) {
      const std::scoped_lock lock(drawing);
      progress.set(static_cast<std::int64_t>(done));
    };
    group_.report_position("simulate", 0);
    ReplayResult result = replay(world(), contestants_, replay_options_, request);
    progress.finish();
    result = merge_ranks(std::move(result));
    agree_on_errors(group_, "write simulation", [&] {
      if (!group_.is_root()) return;
      const SimulationRecord record = make_record(result);
      write_simulation_record(options_.output, record);
      write_logs(result);
      invocation_.output << simulation_text(record, experiment_.evaluation.bootstrap());
    });
    return ExitCode::done;
  }

 private:
  void require_strangers(const StoredRun& run) const {
    const SimulationOptions& simulation = experiment_.simulation;
    const RunRecord& record = run.record();
    if (record.summary.at("identity").at("data") != data_->checksum && simulation.roles != "closed_world") {
      throw DataError(fmt::format("{} was trained on other data than {}", run.folder().path.string(), experiment_.data.path),
                      "their people cannot be told apart", "use one store, or simulation.roles = closed_world for simulated logs");
    }
    const std::string owner = fmt::format("run {}", run.folder().path.string());
    const RoleMembers learned[] = {{owner, Role::train, record.summary.at("roles").at("train"), record.train_users},
                                   {owner, Role::validate, record.summary.at("roles").at("validate"), record.validate_users}};
    require_disjoint_roles(learned, population_->world_users,
                           simulation.roles == "closed_world" ? WorldMode::closed_world : WorldMode::open);
  }

  ReplayWorld world() const { return {newcomers_.get(), catalogue_.get(), user_model_.get(), dynamics_.get()}; }

  void add(std::unique_ptr<Policy> policy, std::string role) {
    policies_.push_back(std::move(policy));
    contestants_.emplace_back(*policies_.back());
    roles_.push_back(std::move(role));
  }

  void add_encoder(std::string name, std::unique_ptr<Learner> learner, const Experiment& experiment, double scale, std::string role,
                   const EncoderContestant::Setting& setting) {
    encoders_.push_back(std::make_unique<EncoderContestant>(std::move(name), std::move(learner), experiment, scale, setting));
    contestants_.emplace_back(encoders_.back()->policy());
    roles_.push_back(std::move(role));
  }

  /// Counts of role T, never of the world.
  std::vector<float> popularity() const {
    const std::vector<std::uint32_t> counts = data_->likes.count_by_item(data_->roles.users(Role::train));
    return {counts.begin(), counts.end()};
  }

  ReplayResult merge_ranks(ReplayResult mine) const {
    if (group_.size() == 1) return mine;
    const std::vector<std::vector<std::byte>> parts = all_gather(group_, pack(mine));
    ReplayResult whole = unpack_replay_result(parts.front());
    for (std::size_t rank = 1; rank < parts.size(); ++rank) whole.merge(unpack_replay_result(parts[rank]));
    return whole;
  }

  ExitCode run_one(std::uint64_t user) {
    const ReplayResult result = replay(world(), contestants_, replay_options_, {user, user + 1, KeepLog::no, {}});
    if (group_.is_root()) invocation_.output << user_text(result);
    return ExitCode::done;
  }

  SimulationRecord make_record(const ReplayResult& result) const {
    SimulationRecord record;
    for (std::size_t p = 0; p < result.policies.size(); ++p) record.policies.push_back(simulated_policy(result.policies[p], roles_[p]));
    const SimulationOptions& simulation = experiment_.simulation;
    const SimulatedPolicy* random = record.find("random");
    std::vector<std::string> below;
    for (const SimulatedPolicy& policy : record.policies) {
      if (random != nullptr && policy.name != "random" && expected_per_page(policy) <= expected_per_page(*random)) {
        below.push_back(policy.name);
        log_warning("{} is at or below the random policy", policy.name);
      }
    }
    record.summary = {{"population", experiment_.population.path},
                      {"population_digest", sha256_file(experiment_.population.path)},
                      {"world", simulation.world},
                      {"lambda", simulation.lambda},
                      {"user_model", simulation.user_model},
                      {"choice", {{"scale", calibration_.scale.scale}, {"no_click", calibration_.scale.no_click}}},
                      {"dynamics", experiment_.dynamics.active()},
                      {"seed", simulation.seed},
                      {"users", result.end - result.begin},
                      {"pages", simulation.sessions * simulation.pages},
                      {"slate_size", simulation.slate_size},
                      {"roles", {{"world", population_->world_users.fingerprint}, {"held_out", data_->roles.fingerprint(Role::held_out)}}},
                      {"data", data_->checksum},
                      {"user_vector", simulation.user_vector},
                      {"click_rate", {{"random", calibration_.reached.random}, {"popularity", calibration_.reached.popular}}},
                      {"digest", result.digest()},
                      {"below_random", below},
                      {"provenance", to_json(invocation_.provenance)}};
    record.config = to_json(invocation_.config);
    return record;
  }

  void write_logs(const ReplayResult& result) const {
    if (options_.log.empty()) return;
    std::filesystem::create_directories(options_.log);
    for (const PolicyOutcome& outcome : result.policies) {
      const SimulatedLog log = make_simulated_log(data_->dataset, *population_, outcome);
      std::string name = outcome.policy;
      std::ranges::replace(name, ' ', '_');
      write_dataset(std::filesystem::path(options_.log) / (name + ".h5"), log.data, &log.impressions);
    }
  }

  const SimulateOptions& options_;
  const Experiment& experiment_;
  const Invocation& invocation_;
  const Group& group_;
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
  std::vector<std::unique_ptr<Policy>> policies_;
  std::unique_ptr<LatentOracle> oracle_;
  std::vector<std::unique_ptr<EncoderContestant>> encoders_;
  std::vector<Contestant> contestants_;
  std::vector<std::string> roles_;
};

class SimulateCommand final : public Subcommand {
 public:
  SubcommandInfo info() const override {
    return {.usage = "--config FILE --run RUN [--run RUN ...] --output FILE.h5 [--log DIR] [--only-user N]",
            .text =
                "Replays synthetic newcomers of a population against trained encoders, floors, baselines and oracles: the\n"
                "same people and the same random numbers for each. Several ranks share the users; results have the same\n"
                "bytes for any number of ranks and threads.",
            .config = ConfigUse::allowed,
            .ranks = Ranks::many};
  }
  Options& options() override { return options_; }
  void add_sections(ConfigSchema& schema) override { experiment_.add_to(schema); }
  const CommOptions* comm() const override { return &experiment_.distributed.comm; }
  ExitCode run(const Invocation& invocation) override { return Simulation(options_, experiment_, invocation).run(); }

 private:
  SimulateOptions options_;
  Experiment experiment_;
};

}  // namespace

std::unique_ptr<Subcommand> make_simulate_command() { return std::make_unique<SimulateCommand>(); }

}  // namespace coldframe
