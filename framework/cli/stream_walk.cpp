#include "framework/cli/stream_walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "framework/cli/profile_text.h"
#include "framework/cli/program.h"
#include "framework/cli/simulation_guards.h"
#include "framework/cli/task_setup.h"
#include "framework/comm/topology.h"
#include "framework/core/error.h"
#include "framework/core/progress.h"
#include "framework/data/dataset_store.h"
#include "framework/simulation/catalogue_churn.h"
#include "framework/simulation/population_file.h"
#include "framework/simulation/replay_log.h"

namespace coldframe {
namespace {

constexpr const char* k_cohort = "people a stream is tested on";

std::vector<double> rates(const PolicyOutcome& outcome) {
  std::vector<double> rates;
  for (const UserRow& user : outcome.users) {
    const double expected = static_cast<double>(user.expected) * FixedSum::k_unit;
    rates.push_back(user.pages == 0 ? 0.0 : expected / static_cast<double>(user.pages));
  }
  return rates;
}

/// The number that a newcomer of a log had in the population.
std::uint64_t number_of(const Dataset& log, UserId user, const std::string& path) {
  if (const auto number = simulated_user_number(log.users.ids[user.value()])) return *number;
  throw DataError(fmt::format("user {} of {} is no simulated newcomer", log.users.ids[user.value()], path),
                  "the worlds of real people are not known",
                  "give a run on a log that `coldframe simulate --log` wrote");
}

}  // namespace

struct StreamWalk::World {
  World(const StreamWalk& walk, const NewcomerCohort& cohort)
      : newcomers(*walk.population_, walk.population_->world(walk.experiment_.simulation.world),
                  walk.experiment_.simulation.lambda, &walk.experiment_.world_drift, walk.mix_ ? &*walk.mix_ : nullptr,
                  cohort),
        dynamics(walk.experiment_.dynamics, walk.experiment_.simulation, newcomers.taste()),
        ceiling("informed oracle", newcomers, *walk.user_model_, walk.catalogue_->ties(walk.seed()),
                {.draws = static_cast<std::size_t>(walk.experiment_.simulation.oracle_draws),
                 .close_candidates = static_cast<std::size_t>(walk.experiment_.simulation.oracle_candidates),
                 .seed = walk.seed(),
                 .dynamics = &dynamics,
                 .catalogue = walk.catalogue_.get()}) {}
  Newcomers newcomers;
  UserDynamics dynamics;
  InformedOracle ceiling;
};

StreamWalk::StreamWalk(const Setting& setting)
    : experiment_(setting.experiment),
      run_(setting.run),
      users_(setting.users),
      invocation_(setting.invocation),
      group_(setting.invocation.group),
      seed_(derived_seed(static_cast<std::uint64_t>(setting.experiment.simulation.seed), k_cohort)) {
  agree_on_errors(group_, "open stream", [&] {
    require_stream();
    data_ = std::make_unique<ExperimentData>(experiment_);
    population_ = std::make_unique<Population>(read_population(experiment_.population.path));
    require_same_items(*population_, data_->dataset);
    SimulationGuards{experiment_, *data_, *population_}.require_strangers(run_);
    read_tasks();
    make_world();
  });
  const SimulationOptions& simulation = experiment_.simulation;
  const int threads =
      simulation.threads > 0 ? static_cast<int>(simulation.threads) : discover_topology(group_).default_threads;
  pool_ = std::make_unique<LanePool>(threads);
  replay_options_ = simulation;
  replay_options_.threads = threads;
  replay_options_.seed = static_cast<std::int64_t>(seed_ >> 1);
  encode();
}

void StreamWalk::require_stream() const {
  const ContinualOptions& continual = run_.experiment().continual;
  const std::string path = run_.folder().path.string();
  if (!continual.active() || continual.stream.stream_kind() != StreamKind::periods) {
    throw ConfigError(fmt::format("{} has not learned a stream of periods", path),
                      "only periods of a simulated log have worlds that are known",
                      "train with continual.method and continual.stream = periods");
  }
  const bool keeps = continual.keep_tasks || continual.method == "adapters" || !continual.trains();
  if (!keeps) {
    throw ConfigError(fmt::format("{} has kept what it had learned in the end alone", path),
                      "continual.keep_tasks = no", "train with continual.keep_tasks = yes");
  }
  if (experiment_.search.active() || experiment_.ads.active()) {
    throw ConfigError("stream simulates neither queries nor ads", "they are not part of what is learned",
                      "leave out [search] and [ads]");
  }
}

void StreamWalk::read_tasks() {
  const std::unique_ptr<ExperimentData> learned = run_.load_data();
  const std::string& path = run_.experiment().data.path;
  const Dataset& log = learned->dataset;
  if (log.items.ids != data_->dataset.items.ids) {
    throw DataError(fmt::format("{} shows items of another data set than {}", path, experiment_.data.path),
                    "the items differ", "give the data set that it was simulated from");
  }
  stream_ = std::make_unique<TaskStream>(make_task_stream(run_.experiment(), *learned));
  const auto impressions = read_impression_log(path);
  const auto per_period = static_cast<std::uint64_t>(population_->observables.users_per_period);
  std::vector<double> pages(log.users.size());
  for (std::size_t row = 0; row < impressions->size(); ++row) {
    pages[impressions->user[row].value()] += impressions->position[row] == 0 ? 1.0 : 0.0;
    const std::uint64_t number = number_of(log, impressions->user[row], path);
    if (impressions->session[row] != 0 || impressions->period[row] == number / per_period) continue;
    throw DataError(fmt::format("{} was simulated from another population", path),
                    fmt::format("sim-{} arrived in period {}, and arrives in {} with {} users per period", number,
                                impressions->period[row], number / per_period, per_period),
                    "give the population of that log");
  }
  for (std::size_t task = 0; task < stream_->size(); ++task) {
    TaskFacts& facts = facts_.emplace_back();
    for (const UserId user : stream_->task(task).users) {
      facts.period = std::max(facts.period, static_cast<std::uint32_t>(number_of(log, user, path) / per_period));
    }
    const std::vector<UserId> taught = stream_->users(task, learned->roles, Role::train);
    for (const UserId user : taught) facts.pages += pages[user.value()];
    const std::vector<std::uint32_t> counts = stream_->likes(task).count_by_item(taught);
    facts.likes.assign(counts.begin(), counts.end());
  }
}

void StreamWalk::make_world() {
  const SimulationOptions& simulation = experiment_.simulation;
  const PopulationObservables& known = population_->observables;
  if (experiment_.mix_drift.active()) mix_.emplace(known, experiment_.mix_drift);
  catalogue_ =
      std::make_unique<Catalogue>(churned(Catalogue(data_->dataset), data_->new_items, experiment_.catalogue_churn,
                                          {known.start, known.period_seconds}, population_->seed));
  add_builtin_user_models(user_models_);
  if (extensions().user_models) extensions().user_models(user_models_);
  calibration_ = calibrate_choices_for(*population_, *catalogue_, simulation, user_models_);
  user_model_ = make_user_model(simulation, calibration_.scale, user_models_);
  if (experiment_.vocabulary_drift.active()) {
    words_.emplace(experiment_.vocabulary_drift, population_->seed, static_cast<std::uint32_t>(known.pool.size()));
  }
  profile_texts_ = profile_table(known, data_->dataset.users);
  std::vector<float> likes(data_->dataset.items.size());
  popularity_.emplace_back();
  for (const TaskFacts& facts : facts_) {
    std::ranges::transform(likes, facts.likes, likes.begin(), std::plus());
    popularity_.push_back(std::make_unique<FixedScorePolicy>("popularity", likes, catalogue_->ties(seed_)));
  }
}

void StreamWalk::encode() {
  const EncoderContestant::Setting setting{*data_,
                                           profile_texts_,
                                           population_->observables.evaluation_template,
                                           replay_options_,
                                           experiment_.evaluation.user_vector_rule(),
                                           *catalogue_,
                                           group_,
                                           *pool_,
                                           words_ ? &*words_ : nullptr};
  const std::size_t rows = run_.experiment().continual.trains() ? tasks() + 1 : 1;
  for (std::size_t row = 0; row < rows; ++row) {
    std::unique_ptr<Learner> learner;
    agree_on_errors(group_, "open encoder",
                    [&] { learner = row == 0 ? run_.load_pretrained() : run_.load_learner_after(row); });
    encoders_.push_back(
        std::make_unique<EncoderContestant>(run_.name(), std::move(learner), run_.experiment(), run_.scale(), setting));
  }
}

const EncoderContestant& StreamWalk::encoder(std::size_t row, std::size_t task) const {
  const bool of_task = run_.experiment().continual.method == "adapters";
  return *encoders_[std::min(of_task ? std::min(row, task + 1) : row, encoders_.size() - 1)];
}

std::unique_ptr<StreamWalk::World> StreamWalk::world(std::optional<std::uint32_t> period) const {
  return std::make_unique<World>(*this, NewcomerCohort{k_cohort, period});
}

std::uint64_t StreamWalk::first_user(std::size_t task) const {
  return facts_[task].period * static_cast<std::uint64_t>(population_->observables.users_per_period);
}

bool StreamWalk::same_world(std::uint32_t a, std::uint32_t b) const {
  const CatalogueChurnOptions& churn = experiment_.catalogue_churn;
  const VocabularyDriftOptions& words = experiment_.vocabulary_drift;
  const auto state = [&](std::uint32_t period) {
    const auto since = [&](bool changes, std::int64_t at, std::int64_t over) {
      return changes ? std::clamp<std::int64_t>(period + 1 - at, 0, over) : 0;
    };
    return std::tuple(experiment_.world_drift.weight(period), experiment_.mix_drift.weight(period),
                      drift_weight(drift_kind(words.kind), period, words.at_period, words.over_periods),
                      since(churn.arrives(), churn.arrive_at_period, churn.arrive_over_periods),
                      since(churn.leave_share > 0, churn.leave_at_period, churn.leave_over_periods));
  };
  return state(a) == state(b);
}

ReplayResult StreamWalk::replay_over_ranks(const World& world, std::span<const Contestant> contestants,
                                           std::uint64_t first) const {
  const auto users = static_cast<std::uint64_t>(
      std::min(users_, static_cast<std::int64_t>(population_->observables.users_per_period)));
  const auto ranks = static_cast<std::uint64_t>(group_.size()), rank = static_cast<std::uint64_t>(group_.rank());
  const ReplayWorld where{&world.newcomers, catalogue_.get(), user_model_.get(), &world.dynamics};
  ReplayResult mine;
  agree_on_errors(group_, "simulate stream", [&] {
    mine = replay(where, contestants, replay_options_,
                  {first + users * rank / ranks, first + users * (rank + 1) / ranks, KeepLog::no, {}});
  });
  if (group_.size() == 1) return mine;
  const std::vector<std::vector<std::byte>> parts = all_gather(group_, pack(mine));
  ReplayResult whole = unpack_replay_result(parts.front());
  for (std::size_t part = 1; part < parts.size(); ++part) whole.merge(unpack_replay_result(parts[part]));
  return whole;
}

WorldCell StreamWalk::meet(const World& world, std::size_t row, std::size_t task, bool with_ceiling) const {
  const std::shared_ptr<const ScoredPolicy> model = encoder(row, task).policy();
  std::vector<Contestant> contestants = {*model};
  if (row > 0) contestants.emplace_back(*popularity_[row]);
  if (with_ceiling) contestants.emplace_back(world.ceiling);
  const ReplayResult result = replay_over_ranks(world, contestants, first_user(task));
  WorldCell cell;
  cell.model = rates(result.policies[0]);
  if (row > 0) cell.popularity = rates(result.policies[1]);
  if (with_ceiling) cell.ceiling = rates(result.policies.back());
  return cell;
}

void StreamWalk::fill_row(StreamWorlds& worlds, std::size_t row, const World& then) const {
  const std::unique_ptr<World> now = row == 0 ? nullptr : world(facts_[row - 1].period);
  for (std::size_t task = 0; task < tasks(); ++task) {
    // The oracle of the world of their own time is the same in all rows.
    WorldCell& retained = worlds.then[row][task];
    retained = meet(then, row, task, row == 0);
    if (row > 0) retained.ceiling = worlds.then[0][task].ceiling;
    if (now == nullptr) continue;
    const bool same = same_world(facts_[row - 1].period, facts_[task].period);
    worlds.now[row][task] = same ? retained : meet(*now, row, task, true);
  }
}

StreamWorlds StreamWalk::run() {
  StreamWorlds worlds;
  const ContinualOptions& continual = run_.experiment().continual;
  worlds.run = run_.name();
  worlds.method = continual.method;
  worlds.delay = static_cast<std::size_t>(continual.delay);
  const auto users = static_cast<std::uint64_t>(
      std::min(users_, static_cast<std::int64_t>(population_->observables.users_per_period)));
  for (std::size_t task = 0; task < tasks(); ++task) {
    worlds.tasks.push_back(stream_->task(task).name);
    worlds.user_steps.push_back(facts_[task].pages);
    worlds.users.emplace_back();
    for (std::uint64_t user = 0; user < users; ++user) worlds.users.back().emplace_back(first_user(task) + user);
    if (!worlds.change && !same_world(facts_.front().period, facts_[task].period)) worlds.change = task;
  }
  worlds.then.assign(tasks() + 1, std::vector<WorldCell>(tasks()));
  worlds.now = worlds.then;
  const std::unique_ptr<World> then = world(std::nullopt);
  Progress progress("stream", "rows", static_cast<std::int64_t>(tasks()) + 1, invocation_.clock,
                    group_.is_root() ? ProgressSink::terminal() : ProgressSink{});
  for (std::size_t row = 0; row <= tasks(); ++row) {
    fill_row(worlds, row, *then);
    progress.set(static_cast<std::int64_t>(row) + 1);
  }
  progress.finish();
  return worlds;
}

}  // namespace coldframe
