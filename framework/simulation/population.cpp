#include "framework/simulation/population.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/simulation/detail/population_card.h"
#include "framework/simulation/detail/standard_errors.h"
#include "framework/simulation/profile_noise.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

std::vector<Profile> make_pool(const AttributeLaw& law, const PopulationOptions& options,
                               const ProfileRenderer& render) {
  const KeyedRandom random(derived_seed(static_cast<std::uint64_t>(options.seed), "profile pool"), Purpose::population);
  const KeyedRandom noise(derived_seed(static_cast<std::uint64_t>(options.seed), "profile noise"), Purpose::population);
  std::vector<Profile> pool(static_cast<std::size_t>(options.profile_pool));
  for (std::size_t row = 0; row < pool.size(); ++row) {
    pool[row].attributes = law.draw(random, UserKey(row));
    add_profile_noise({options.missing_share, options.typo_share}, noise, UserKey(row), pool[row].attributes);
    pool[row].text = render(options.attributes, pool[row].attributes.values);
    pool[row].text_hash = stable_hash(pool[row].text);
  }
  return pool;
}

/// Users of W by key: fits must not depend on the order of rows in a file.
std::vector<UserId> in_key_order(const Dataset& data, const std::vector<UserId>& users) {
  std::vector<UserId> sorted = users;
  std::sort(sorted.begin(), sorted.end(),
            [&](UserId a, UserId b) { return data.user_key(a).value() < data.user_key(b).value(); });
  return sorted;
}

}  // namespace

const World& Population::world(std::string_view name, std::string_view key) const {
  std::string known;
  for (const World& candidate : latents.worlds) {
    if (candidate.name() == name) return candidate;
    known += (known.empty() ? "" : ", ") + candidate.name();
  }
  throw ConfigError(fmt::format("{} = {}", key, name), "the population has no such world", "it has " + known);
}

WorldData make_world_data(const Dataset& data, std::span<const UserId> users, const Likes& likes,
                          const AttributeLaw& law, std::int32_t group_field) {
  WorldData world;
  world.item_count = data.items.size();
  world.group_count = group_field < 0 ? 1 : law.fields()[static_cast<std::size_t>(group_field)].levels.size();
  world.attribute_size = law.encoded_size();
  for (const UserId user : users) {
    if (likes.of(user).empty()) continue;
    const std::vector<std::uint16_t> levels = law.levels_of(data, user);
    WorldUser row;
    row.key = data.user_key(user).value();
    row.group = group_field < 0 ? 0 : levels[static_cast<std::size_t>(group_field)];
    row.x = law.encode(levels);
    for (const ItemId item : likes.of(user)) row.likes.push_back(item.value());
    world.users.push_back(std::move(row));
  }
  return world;
}

Population make_population(const Dataset& data, const Roles& roles, const Likes& likes,
                           const PopulationOptions& options, const ProfileRenderer& render,
                           const std::string& profile_template, const FitProgress& progress) {
  const std::vector<UserId> users = in_key_order(data, roles.users(Role::world));
  Population population;
  population.seed = static_cast<std::uint64_t>(options.seed);
  PopulationObservables& known = population.observables;
  known.law = AttributeLaw::fit(data, users, options.attribute_law());
  known.pool = make_pool(known.law, options, render);
  known.profile_template = profile_template;
  known.evaluation_template = options.user_template;
  known.start = options.start;
  known.period_seconds = options.period_seconds;
  known.users_per_period = options.users_per_period;

  population.latents.group_field = options.group.empty() ? -1 : known.law.find(options.group);
  const WorldData world = make_world_data(data, users, likes, known.law, population.latents.group_field);
  FittedWorlds fitted = fit_worlds(world, options, progress);
  population.latents.worlds = std::move(fitted.worlds);
  population.latents.standard_errors = detail::softmax_standard_errors(population.latents.worlds);

  population.world_users = role_members(data, roles, Role::world, "population " + options.path);
  population.item_ids = data.items.ids;
  population.world_popularity = likes.count_by_item(users);
  population.data_name = data.meta.name;
  population.data_checksum = content_checksum(data);
  population.licence = data.meta.licence;
  population.card = detail::make_card(population, fitted.trials, fitted.unigram_held_out, world.users.size());
  detail::add_source_facts(data, options, population.card);
  return population;
}

void require_same_items(const Population& population, const Dataset& data) {
  if (population.item_ids == data.items.ids) return;
  const std::size_t added = population.synthetic_items.size();
  if (added > 0 && population.item_ids.size() == data.items.size() + added &&
      std::equal(data.items.ids.begin(), data.items.ids.end(), population.item_ids.begin())) {
    throw DataError(fmt::format("population made from '{}' with {} synthetic items", population.data_name, added),
                    "nobody has met them, so that only simulations can use it", "make one without --synthetic-items");
  }
  throw DataError(
      fmt::format("population made from '{}' with {} items", population.data_name, population.item_ids.size()),
      fmt::format("data set '{}' has other items ({})", data.meta.name, data.items.size()),
      "use the data set the population was made from, or write the population again");
}

}  // namespace coldframe
