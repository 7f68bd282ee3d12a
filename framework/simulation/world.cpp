#include "framework/simulation/world.h"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/held_out_likelihood.h"
#include "framework/simulation/population_options.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr std::size_t k_trial_draws = 512;
constexpr double k_trial_tolerance = 1e-3;  // more changes no choice and costs most of the time

SoftmaxFitOptions softmax_options(const PopulationOptions& options, std::size_t dimension, double ridge) {
  SoftmaxFitOptions fit;
  fit.dimension = dimension;
  fit.factor_ridge = ridge;
  fit.group_ridge = options.group_ridge;
  fit.effect_ridge = options.effect_ridge;
  fit.pseudo_count = options.pseudo_count;
  fit.iterations = static_cast<std::size_t>(options.iterations);
  fit.seed = static_cast<std::uint64_t>(options.seed);
  return fit;
}

TopicFitOptions topic_options(const PopulationOptions& options, std::size_t topics) {
  TopicFitOptions fit;
  fit.topics = topics;
  fit.effect_ridge = options.effect_ridge;
  fit.pseudo_count = options.pseudo_count;
  fit.seed = static_cast<std::uint64_t>(options.seed);
  return fit;
}

ChainFitOptions chain_options(const PopulationOptions& options, std::size_t neighbours, double ridge) {
  ChainFitOptions fit;
  fit.length = static_cast<std::size_t>(options.chain_length);
  fit.neighbours = neighbours;
  fit.link_ridge = ridge;
  fit.bias_ridge = options.group_ridge;
  fit.pseudo_count = options.pseudo_count;
  fit.iterations = static_cast<std::size_t>(options.iterations);
  fit.seed = static_cast<std::uint64_t>(options.seed);
  return fit;
}

void add_trials(const std::string& kind, std::span<const std::int64_t> sizes, std::span<const double> ridges,
                std::vector<WorldTrial>& trials) {
  for (const std::int64_t size : sizes) {
    for (const double ridge : ridges) trials.push_back({kind, static_cast<std::size_t>(size), ridge, 0});
  }
}

std::vector<WorldTrial> trials_of(const PopulationOptions& options) {
  constexpr double none[] = {0.0};
  std::vector<WorldTrial> trials;
  for (const std::string& kind : options.tastes) {
    if (kind == "softmax") add_trials(kind, options.dimensions, options.factor_ridges, trials);
    if (kind == "topics") add_trials(kind, options.topics, none, trials);
    if (kind == "chain") add_trials(kind, options.neighbours, options.link_ridges, trials);
  }
  return trials;
}

void run_trial(const WorldSplit& split, const PopulationOptions& options, WorldTrial& trial) {
  if (trial.kind == "softmax") {
    SoftmaxFitOptions quick = softmax_options(options, trial.size, trial.ridge);
    quick.tolerance = k_trial_tolerance;
    const SoftmaxFit fit = fit_softmax(split.fit, quick);
    trial.held_out = softmax_log_likelihood(fit.parameters, split.held_out);
    return;
  }
  World world;
  if (trial.kind == "topics") {
    world.parameters = fit_topics(split.fit, topic_options(options, trial.size)).parameters;
  } else {
    world.parameters = fit_chain(split.fit, chain_options(options, trial.size, trial.ridge)).parameters;
  }
  trial.held_out = held_out_log_likelihood(*make_taste(world, 1.0), split.held_out, k_trial_draws,
                                           static_cast<std::uint64_t>(options.seed));
}

template <class Parameters>
const Parameters* parameters_of(const World* world) {
  return world == nullptr ? nullptr : &std::get<Parameters>(world->parameters);
}

World fit_world(const WorldData& data, const PopulationOptions& options, const WorldTrial& chosen,
                std::uint32_t replicate, const World* start) {
  const WorldData resampled = bootstrap_world_data(data, static_cast<std::uint64_t>(options.seed), replicate);
  if (chosen.kind == "softmax") {
    return {replicate, fit_softmax(resampled, softmax_options(options, chosen.size, chosen.ridge),
                                   parameters_of<SoftmaxParameters>(start))
                           .parameters};
  }
  if (chosen.kind == "topics") {
    return {
        replicate,
        fit_topics(resampled, topic_options(options, chosen.size), parameters_of<TopicParameters>(start)).parameters};
  }
  return {replicate,
          fit_chain(resampled, chain_options(options, chosen.size, chosen.ridge), parameters_of<ChainParameters>(start))
              .parameters};
}

}  // namespace

std::string World::kind() const { return std::string(k_world_kinds[parameters.index()]); }

std::string World::name() const { return fmt::format("{}-{}", kind(), replicate); }

namespace {

/// Counts fits that end on any thread.
class FitCounter {
 public:
  FitCounter(const FitProgress& progress, std::size_t all) : progress_(progress), all_(all) {}
  void done() {
    const std::scoped_lock lock(mutex_);
    ++done_;
    if (progress_) progress_(done_, all_);
  }

 private:
  const FitProgress& progress_;
  std::mutex mutex_;
  std::size_t done_ = 0, all_;
};

}  // namespace

FittedWorlds fit_worlds(const WorldData& data, const PopulationOptions& options, const FitProgress& progress) {
  FittedWorlds fitted;
  const WorldSplit split = split_world_data(data, static_cast<std::uint64_t>(options.seed), options.held_out_share);
  if (split.fit.users.empty() || split.held_out.users.empty()) {
    throw DataError(fmt::format("{} users of role W have likes", data.users.size()),
                    "too few to fit a world and to hold some out", "use more users, or another fold");
  }
  fitted.unigram_held_out = unigram_log_likelihood(split.fit, split.held_out, options.pseudo_count);
  fitted.trials = trials_of(options);
  const std::size_t per_kind = 1 + static_cast<std::size_t>(options.bootstraps);
  FitCounter counter(progress, fitted.trials.size() + options.tastes.size() * per_kind);
  tbb::parallel_for(std::size_t{0}, fitted.trials.size(), [&](std::size_t t) {
    run_trial(split, options, fitted.trials[t]);
    counter.done();
  });
  std::vector<WorldTrial> chosen;
  for (const std::string& kind : options.tastes) {
    const WorldTrial* best = nullptr;
    for (const WorldTrial& trial : fitted.trials) {
      if (trial.kind == kind && (best == nullptr || trial.held_out > best->held_out)) best = &trial;
    }
    chosen.push_back(*best);
  }
  fitted.worlds.resize(chosen.size() * per_kind);
  tbb::parallel_for(std::size_t{0}, chosen.size(), [&](std::size_t k) {
    fitted.worlds[k * per_kind] = fit_world(data, options, chosen[k], 0, nullptr);
    counter.done();
  });
  tbb::parallel_for(std::size_t{0}, fitted.worlds.size(), [&](std::size_t w) {
    if (w % per_kind == 0) return;
    const std::size_t k = w / per_kind;
    fitted.worlds[w] =
        fit_world(data, options, chosen[k], static_cast<std::uint32_t>(w % per_kind), &fitted.worlds[k * per_kind]);
    counter.done();
  });
  return fitted;
}

std::unique_ptr<TasteModel> make_taste(const World& world, double lambda) {
  if (!(lambda >= 0.0 && lambda <= 1.0)) {
    throw ConfigError(fmt::format("simulation.lambda = {}", lambda), "must be from 0 to 1", "try 1");
  }
  if (const auto* softmax = std::get_if<SoftmaxParameters>(&world.parameters)) {
    return make_softmax_taste(*softmax, lambda);
  }
  if (const auto* topics = std::get_if<TopicParameters>(&world.parameters)) return make_topic_taste(*topics, lambda);
  return make_chain_taste(std::get<ChainParameters>(world.parameters), lambda);
}

std::vector<double> held_out_log_likelihoods(const TasteModel& taste, const WorldData& data, std::size_t draws,
                                             std::uint64_t seed) {
  const KeyedRandom random(derived_seed(seed, "held-out likelihood"), Purpose::population);
  const std::size_t latent_size = taste.latent_size();
  std::vector<double> one(latent_size);
  std::vector<float> normals(latent_size * draws);
  for (std::size_t m = 0; m < draws; ++m) {
    keyed_normals(random, UserKey(m), 0, one);
    for (std::size_t l = 0; l < latent_size; ++l) normals[l * draws + m] = static_cast<float>(one[l]);
  }
  const double log_items = std::log(static_cast<double>(taste.item_count()));
  std::vector<float> utilities(draws);
  std::vector<double> log_likelihood(draws);
  std::vector<double> of_users;
  for (const WorldUser& user : data.users) {
    const TasteDraws states = taste.place_many(user.group, user.x, normals, draws);
    std::fill(log_likelihood.begin(), log_likelihood.end(), 0.0);
    for (const std::uint32_t item : user.likes) {
      taste.item_utilities(states, ItemId(item), utilities);
      for (std::size_t m = 0; m < draws; ++m) log_likelihood[m] += static_cast<double>(utilities[m]) - log_items;
    }
    const double largest = *std::max_element(log_likelihood.begin(), log_likelihood.end());
    double total = 0;
    for (const double value : log_likelihood) total += std::exp(value - largest);
    of_users.push_back(largest + std::log(total / static_cast<double>(draws)));
  }
  return of_users;
}

double held_out_log_likelihood(const TasteModel& taste, const WorldData& data, std::size_t draws, std::uint64_t seed) {
  const std::vector<double> of_users = held_out_log_likelihoods(taste, data, draws, seed);
  double sum = 0;
  for (std::size_t u = 0; u < of_users.size(); ++u) sum += data.users[u].weight * of_users[u];
  return sum / data.like_weight();
}

}  // namespace coldframe
