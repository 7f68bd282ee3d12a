#include "framework/simulation/realism.h"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>

#include "framework/core/error.h"
#include "framework/simulation/held_out_likelihood.h"
#include "framework/simulation/likes_features.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/role_guard.h"

namespace coldframe {
namespace {

constexpr double k_pseudo_count = 0.3;   // of the unigram reference
constexpr std::size_t k_stratum = 20;    // items that exchange names
constexpr double k_half_of_world = 0.5;  // whose likes are compared with H, measured against the other half

std::vector<std::uint32_t> most_liked(const WorldData& data, std::size_t most) {
  const std::vector<double> shares = item_shares(data, 0.0);
  std::vector<std::uint32_t> items(data.item_count);
  std::iota(items.begin(), items.end(), 0u);
  std::stable_sort(items.begin(), items.end(), [&](auto a, auto b) { return shares[a] > shares[b]; });
  items.resize(std::min(most, items.size()));
  return items;
}

/// log p of all likes of each user, by the smoothed counts of other people.
std::vector<double> unigram_likelihoods(const WorldData& fit, const WorldData& held_out) {
  const std::vector<double> shares = item_shares(fit, k_pseudo_count);
  std::vector<double> out;
  for (const WorldUser& user : held_out.users) {
    double sum = 0;
    for (const std::uint32_t item : user.likes) sum += std::log(shares[item]);
    out.push_back(sum);
  }
  return out;
}

/// Per like: of `likelihoods`, and of their difference to `reference`.
void add_likelihoods(const WorldData& held_out, const std::vector<double>& likelihoods,
                     const std::vector<double>& reference, const BootstrapOptions& options, WorldRealism& row) {
  PairedBootstrap users(3, options);
  for (std::size_t u = 0; u < held_out.users.size(); ++u) {
    const double values[] = {likelihoods[u], likelihoods[u] - reference[u],
                             static_cast<double>(held_out.users[u].likes.size())};
    users.add(UserKey(held_out.users[u].key), values);
  }
  row.log_likelihood = users.ratio(0, 2);
  row.over_unigram = users.ratio(1, 2);
}

Separation told_apart(const LikesFeatures& features, const WorldData& people, const WorldData& others,
                      const RealismOptions& options) {
  if (std::min(people.users.size(), others.users.size()) < options.least_classified) {
    Separation too_few;
    too_few.auc.value = std::numeric_limits<double>::quiet_NaN();
    return too_few;
  }
  TwoSamples samples;
  for (const WorldUser& user : people.users) samples.add(UserKey(user.key), true, features.of(user));
  for (const WorldUser& user : others.users) samples.add(UserKey(user.key), false, features.of(user));
  ClassifierOptions classifier = options.classifier;
  classifier.bootstrap = options.bootstrap;
  return separate(samples, classifier);
}

/// Everything worlds are compared with.
struct Comparison {
  const WorldData& held_out;
  const std::vector<std::uint32_t>& items;  // between which co-occurrence is compared
  const std::vector<double>& unigram;       // log p of each user of H
  const LikesFeatures& features;
  const RealismOptions& options;

  WorldRealism row(std::string name, const std::vector<double>& likelihoods, const WorldData& twins) const {
    WorldRealism row;
    row.world = std::move(name);
    add_likelihoods(held_out, likelihoods, unigram, options.bootstrap, row);
    row.taste = taste_agreement(twins, held_out, items, options.bootstrap);
    row.separation = told_apart(features, held_out, twins, options);
    return row;
  }
};

WorldRealism people_row(const WorldData& fitted_on, const Comparison& with, const ItemTags& tags, std::uint64_t seed) {
  WorldRealism row;
  row.world = "people of W";
  add_likelihoods(with.held_out, with.unigram, with.unigram, with.options.bootstrap, row);
  row.taste = taste_agreement(fitted_on, with.held_out, with.items, with.options.bootstrap);
  const WorldSplit halves = split_world_data(fitted_on, derived_seed(seed, "people of W"), k_half_of_world);
  row.separation = told_apart(LikesFeatures(halves.fit, tags), with.held_out, halves.held_out, with.options);
  return row;
}

void require_strangers(const Population& population, const Dataset& data, const Roles& roles) {
  require_world_off_test(population.world_users, role_members(data, roles, Role::held_out, "role H of these options"));
  if (roles.fingerprint(Role::world) == population.world_users.fingerprint) return;
  throw DataError(fmt::format("population made from '{}'", population.data_name),
                  "its people are not the role W of data.role_seed and data.fold", "use the options it was made with");
}

}  // namespace

WorldData people_of(const Population& population, const Dataset& data, const Roles& roles, const Likes& likes,
                    Role role) {
  std::vector<UserId> users = roles.users(role);
  std::sort(users.begin(), users.end(),
            [&](UserId a, UserId b) { return data.user_key(a).value() < data.user_key(b).value(); });
  return make_world_data(data, users, likes, population.observables.law, population.latents.group_field);
}

WorldData twins_of(const Population& population, std::size_t world, const WorldData& people) {
  const auto taste = make_taste(population.latents.worlds[world], 1.0);
  return draw_twins(*taste, people, population.seed, static_cast<std::uint32_t>(world));
}

WorldData renamed_twins(const Population& population, const WorldData& twins) {
  const std::vector<double> popularity(population.world_popularity.begin(), population.world_popularity.end());
  return rename_items(twins, popularity, k_stratum, population.seed);
}

RealismReport check_realism(const Population& population, const Dataset& data, const Roles& roles, const Likes& likes,
                            const RealismOptions& options, const FitProgress& progress) {
  require_strangers(population, data, roles);
  const WorldData held_out = people_of(population, data, roles, likes, Role::held_out);
  const WorldData fitted_on = people_of(population, data, roles, likes, Role::world);
  if (held_out.users.empty() || fitted_on.users.empty()) {
    throw DataError("realism of a population", "nobody of role W or H has likes", "use more users, or another fold");
  }
  const std::vector<std::uint32_t> items = most_liked(fitted_on, options.popular_items);
  const std::vector<double> unigram = unigram_likelihoods(fitted_on, held_out);
  const ItemTags tags = item_tags(data);
  const LikesFeatures features(fitted_on, tags);
  const Comparison comparison{held_out, items, unigram, features, options};
  RealismReport report;
  report.features = features.names();
  report.held_out_users = held_out.users.size();
  for (const WorldUser& user : held_out.users) report.held_out_likes += user.likes.size();
  report.people = people_row(fitted_on, comparison, tags, population.seed);
  const std::size_t worlds = population.latents.worlds.size();
  report.worlds.resize(worlds);
  std::mutex counting;
  std::size_t compared = 0;
  const auto count = [&] {
    const std::scoped_lock lock(counting);
    ++compared;
    if (progress) progress(compared, worlds + 1);
  };
  // One more: the first world with renamed items, whose likelihood means nothing.
  tbb::parallel_for(std::size_t{0}, worlds + 1, [&](std::size_t w) {
    const World& world = population.latents.worlds[w % worlds];
    const WorldData twins = twins_of(population, w % worlds, held_out);
    if (w == worlds) {
      report.renamed = comparison.row(world.name() + ", renamed", unigram, renamed_twins(population, twins));
      return count();
    }
    const std::vector<double> likelihoods =
        held_out_log_likelihoods(*make_taste(world, 1.0), held_out, options.draws, population.seed);
    report.worlds[w] = comparison.row(world.name(), likelihoods, twins);
    count();
  });
  report.renamed.log_likelihood = report.renamed.over_unigram = {};
  return report;
}

}  // namespace coldframe
