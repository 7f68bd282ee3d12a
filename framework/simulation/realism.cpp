#include "framework/simulation/realism.h"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/role_guard.h"

namespace coldframe {
namespace {

constexpr double k_pseudo_count = 0.3;  // of the unigram reference

std::vector<double> counts_of(const WorldData& data) {
  std::vector<double> counts(data.item_count, 0.0);
  for (const WorldUser& user : data.users) {
    for (const std::uint32_t item : user.likes) counts[item] += 1;
  }
  return counts;
}

double sum_of(const std::vector<double>& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = sum_of(a) / n, mean_b = sum_of(b) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    ab += (a[k] - mean_a) * (b[k] - mean_b);
    aa += (a[k] - mean_a) * (a[k] - mean_a);
    bb += (b[k] - mean_b) * (b[k] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::numeric_limits<double>::quiet_NaN();
}

/// Standardised excess of users who like both, for every pair of `items`. Expected: each user's likes spread over
/// items by popularity, so that busy users explain what they explain.
std::vector<double> pair_excess(const WorldData& data, std::span<const std::uint32_t> items) {
  const std::size_t n = items.size();
  std::vector<std::size_t> place(data.item_count, n);
  for (std::size_t k = 0; k < n; ++k) place[items[k]] = k;
  const std::vector<double> counts = counts_of(data);
  const double total = sum_of(counts);
  std::vector<double> together(n * n, 0.0);
  double pairs = 0;  // sum over users of likes (likes - 1)
  for (const WorldUser& user : data.users) {
    const auto likes = static_cast<double>(user.likes.size());
    pairs += likes * (likes - 1);
    for (const std::uint32_t a : user.likes) {
      for (const std::uint32_t b : user.likes) {
        if (place[a] < place[b] && place[b] < n) together[place[a] * n + place[b]] += 1;
      }
    }
  }
  std::vector<double> excess;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = a + 1; b < n; ++b) {
      const double expected = pairs * (counts[items[a]] / total) * (counts[items[b]] / total);
      excess.push_back(expected > 0 ? (together[a * n + b] - expected) / std::sqrt(expected) : 0.0);
    }
  }
  return excess;
}

std::vector<double> group_departures(const WorldData& data, std::span<const std::uint32_t> items) {
  const std::vector<double> all = counts_of(data);
  const double total = sum_of(all);
  std::vector<double> departures;
  for (std::uint32_t g = 0; g < data.group_count; ++g) {
    std::vector<double> own(data.item_count, 0.0);
    for (const WorldUser& user : data.users) {
      for (const std::uint32_t item : user.likes) own[item] += user.group == g ? 1.0 : 0.0;
    }
    const double likes = sum_of(own);
    for (const std::uint32_t item : items) {
      departures.push_back(likes > 0 ? own[item] / likes - all[item] / total : 0.0);
    }
  }
  return departures;
}

std::vector<std::uint32_t> most_liked(const WorldData& data, std::size_t most) {
  const std::vector<double> counts = counts_of(data);
  std::vector<std::uint32_t> items(data.item_count);
  std::iota(items.begin(), items.end(), 0u);
  std::stable_sort(items.begin(), items.end(), [&](auto a, auto b) { return counts[a] > counts[b]; });
  items.resize(std::min(most, items.size()));
  return items;
}

WorldData people_of(const Population& population, const Dataset& data, const Roles& roles, const Likes& likes,
                    Role role) {
  std::vector<UserId> users = roles.users(role);
  std::sort(users.begin(), users.end(),
            [&](UserId a, UserId b) { return data.user_key(a).value() < data.user_key(b).value(); });
  return make_world_data(data, users, likes, population.observables.law, population.latents.group_field);
}

}  // namespace

WorldData draw_twins(const TasteModel& taste, const WorldData& real, std::uint64_t seed, std::uint32_t stream) {
  const KeyedRandom states(derived_seed(seed, "twins"), Purpose::population);
  const KeyedRandom noise(derived_seed(seed, "likes of twins"), Purpose::item_noise);
  WorldData twins{real.item_count, real.group_count, real.attribute_size, real.users};
  std::vector<double> normals(taste.latent_size()), state(taste.latent_size()), utilities(taste.item_count());
  for (WorldUser& twin : twins.users) {
    const UserKey key(combine_hash(twin.key, stream));
    keyed_normals(states, key, 0, normals);
    taste.place(twin.x, normals, state);
    taste.utilities(twin.group, state, utilities);
    for (std::uint32_t i = 0; i < utilities.size(); ++i) utilities[i] += gumbel(noise.block(key, 0, 0, i)[0]);
    std::vector<std::uint32_t> items(utilities.size());
    std::iota(items.begin(), items.end(), 0u);
    const std::size_t count = std::min(twin.likes.size(), items.size());
    std::partial_sort(
        items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count), items.end(),
        [&](auto a, auto b) { return utilities[a] != utilities[b] ? utilities[a] > utilities[b] : a < b; });
    twin.likes.assign(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return twins;
}

double popularity_distance(const WorldData& a, const WorldData& b) {
  const std::vector<double> first = counts_of(a), second = counts_of(b);
  const double first_total = sum_of(first), second_total = sum_of(second);
  double distance = 0;
  for (std::size_t i = 0; i < first.size(); ++i) {
    distance += 0.5 * std::abs(first[i] / first_total - second[i] / second_total);
  }
  return distance;
}

double co_occurrence_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items) {
  return correlation(pair_excess(a, items), pair_excess(b, items));
}

double group_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items) {
  if (a.group_count < 2) return std::numeric_limits<double>::quiet_NaN();
  return correlation(group_departures(a, items), group_departures(b, items));
}

RealismReport check_realism(const Population& population, const Dataset& data, const Roles& roles, const Likes& likes,
                            const RealismOptions& options) {
  require_world_off_test(population.world_users, role_members(data, roles, Role::held_out, "role H of these options"));
  if (roles.fingerprint(Role::world) != population.world_users.fingerprint) {
    throw DataError(fmt::format("population made from '{}'", population.data_name),
                    "its people are not the role W of data.role_seed and data.fold",
                    "use the options it was made with");
  }
  const WorldData held_out = people_of(population, data, roles, likes, Role::held_out);
  const WorldData fitted_on = people_of(population, data, roles, likes, Role::world);
  if (held_out.users.empty() || fitted_on.users.empty()) {
    throw DataError("realism of a population", "nobody of role W or H has likes", "use more users, or another fold");
  }
  const std::vector<std::uint32_t> items = most_liked(fitted_on, options.popular_items);
  RealismReport report;
  report.held_out_users = held_out.users.size();
  for (const WorldUser& user : held_out.users) report.held_out_likes += user.likes.size();
  report.people = {"people of W", unigram_log_likelihood(fitted_on, held_out, k_pseudo_count),
                   popularity_distance(fitted_on, held_out), co_occurrence_agreement(fitted_on, held_out, items),
                   group_agreement(fitted_on, held_out, items)};
  report.worlds.resize(population.latents.worlds.size());
  tbb::parallel_for(std::size_t{0}, report.worlds.size(), [&](std::size_t w) {
    const World& world = population.latents.worlds[w];
    const auto taste = make_taste(world, 1.0);
    const WorldData twins = draw_twins(*taste, held_out, population.seed, static_cast<std::uint32_t>(w));
    report.worlds[w] = {world.name(), held_out_log_likelihood(*taste, held_out, options.draws, population.seed),
                        popularity_distance(twins, held_out), co_occurrence_agreement(twins, held_out, items),
                        group_agreement(twins, held_out, items)};
  });
  return report;
}

}  // namespace coldframe
