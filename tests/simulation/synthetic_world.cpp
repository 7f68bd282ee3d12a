#include "synthetic_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/hash.h"
#include "framework/core/philox.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

double normal(std::uint64_t a, std::uint32_t b) {
  const PhiloxBlock words = KeyedRandom(99, Purpose::initialisation).block(UserKey(a), 0, 0, b);
  return standard_normals(words[0], words[1])[0];
}

}  // namespace

SoftmaxParameters known_softmax(std::size_t items, std::size_t groups, std::size_t dimension,
                                std::size_t attribute_size) {
  SoftmaxParameters p{items, groups, dimension, attribute_size, {}, {}, {}, {}};
  p.item_bias.resize(items);
  p.group_bias.assign(groups * items, 0.0);
  p.item_factors.resize(items * dimension);
  p.attribute_effect.resize(dimension * attribute_size);
  double bias_sum = 0;
  std::vector<double> factor_sums(dimension, 0.0);
  for (std::size_t i = 0; i < items; ++i) {
    bias_sum += p.item_bias[i] = 1.2 * normal(i, 0);
    // Two groups of equal size: opposite biases sum to zero.
    for (std::size_t g = 0; g + 1 < groups; g += 2) {
      const double value = 0.6 * normal(i, 10 + static_cast<std::uint32_t>(g));
      p.group_bias[g * items + i] = value;
      p.group_bias[(g + 1) * items + i] = -value;
    }
    for (std::size_t l = 0; l < dimension; ++l) {
      factor_sums[l] += p.item_factors[i * dimension + l] = 0.9 * normal(i, 100 + static_cast<std::uint32_t>(l));
    }
  }
  for (std::size_t i = 0; i < items; ++i) {
    p.item_bias[i] -= bias_sum / static_cast<double>(items);
    for (std::size_t l = 0; l < dimension; ++l) {
      p.item_factors[i * dimension + l] -= factor_sums[l] / static_cast<double>(items);
    }
  }
  for (std::size_t at = 0; at < p.attribute_effect.size(); ++at) {
    p.attribute_effect[at] = 0.7 * normal(7000 + at, 3);
  }
  return p;
}

WorldData draw_world_data(const TasteModel& taste, std::size_t users, std::size_t likes, std::size_t groups,
                          std::size_t attribute_size, std::uint64_t seed) {
  WorldData data{taste.item_count(), groups, attribute_size, {}};
  const SimulationRandom random(seed);
  const KeyedRandom draws(seed, Purpose::data_order);
  std::vector<double> normals(taste.latent_size());
  std::vector<double> state(taste.latent_size());
  std::vector<double> utilities(taste.item_count());
  for (std::size_t u = 0; u < users; ++u) {
    WorldUser user;
    user.key = u;
    user.group = static_cast<std::uint32_t>(u % groups);
    for (std::size_t p = 0; p < attribute_size; ++p) user.x.push_back((u / groups + p) % 2 == 0 ? 0.5 : -0.5);
    random.latent_normals(UserKey(u), normals);
    taste.place(user.x, normals, state);
    taste.utilities(user.group, state, utilities);
    for (std::size_t k = 0; k < likes; ++k) {
      const double uniform = draws.uniform(UserKey(u), 0, 0, static_cast<std::uint32_t>(k));
      double below = 0;
      std::uint32_t item = 0;
      for (; item + 1 < utilities.size(); ++item) {
        below += std::exp(utilities[item]) / static_cast<double>(utilities.size());
        if (uniform < below) break;
      }
      user.likes.push_back(item);
    }
    data.users.push_back(std::move(user));
  }
  return data;
}

Dataset invented_dataset(std::size_t users, std::size_t items, std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::data_order);
  static constexpr const char* jobs[] = {"student", "engineer", "writer", "artist", "doctor"};
  Dataset data;
  data.meta.name = "invented";
  data.meta.licence = "none needed";
  AttributeColumn age{"age", AttributeKind::number, {}, {}, {}};
  AttributeColumn gender{"gender", AttributeKind::category, {}, {}, {}};
  AttributeColumn job{"occupation", AttributeKind::category, {}, {}, {}};
  AttributeColumn title{"title", AttributeKind::text, {}, {}, {}};
  for (std::size_t i = 0; i < items; ++i) {
    data.items.ids.push_back(fmt::format("i{}", i));
    title.texts.push_back(fmt::format("Film {}", i));
  }
  data.items.columns = {title};
  data.item_available_from.assign(items, Dataset::k_always);
  data.item_available_to.assign(items, Dataset::k_forever);
  const auto taste = make_softmax_taste(known_softmax(items, 2, 2, 0), 1.0);
  const WorldData likes = draw_world_data(*taste, users, 30, 2, 0, seed);
  for (std::size_t u = 0; u < users; ++u) {
    const UserKey key(1'000'000 + u);
    data.users.ids.push_back(fmt::format("u{}", u));
    age.numbers.push_back(18 + uniform_below(random.block(key, 0, 0, 0)[0], 50));
    gender.texts.push_back(u % 2 == 0 ? "M" : "F");
    // The job depends on the age band, so that the attribute law has something to find.
    job.texts.push_back(age.numbers.back() < 25 ? jobs[0] : jobs[1 + uniform_below(random.block(key, 0, 0, 1)[0], 4)]);
    std::vector<std::uint32_t> liked = likes.users[u].likes;
    std::sort(liked.begin(), liked.end());
    liked.erase(std::unique(liked.begin(), liked.end()), liked.end());
    for (const std::uint32_t item : liked) {
      data.interactions.user.emplace_back(static_cast<std::uint32_t>(u));
      data.interactions.item.emplace_back(item);
      data.interactions.rating.push_back(5.0f);
      data.interactions.timestamp.push_back(static_cast<std::int64_t>(1000 + 7 * item));
    }
  }
  data.users.columns = {age, gender, job};
  sort_interactions(data);
  return data;
}

Population small_population(std::size_t items, std::size_t dimension, double spread) {
  Population p;
  p.seed = 5;
  AttributeField gender{"gender", AttributeScale::category, {"F", "M"}, {}, {0.5, 0.5}, -1, {}};
  AttributeField age{"age", AttributeScale::banded, {"20-29", "30-49"}, {20, 30, 50}, {0.4, 0.6},
                     0,     {0.5, 0.5, 0.3, 0.7}};
  p.observables.law = AttributeLaw({gender, age});
  const KeyedRandom random(1, Purpose::population);
  for (std::uint64_t row = 0; row < 20; ++row) {
    Profile profile;
    profile.attributes = p.observables.law.draw(random, UserKey(row));
    profile.text = profile.attributes.values[0] + " " + profile.attributes.values[1];
    profile.text_hash = stable_hash(profile.text);
    p.observables.pool.push_back(profile);
  }
  p.observables.profile_template = "{gender} {age}";
  p.observables.start = 1'000'000;
  p.observables.period_seconds = 1000;
  p.observables.users_per_period = 50;
  p.latents.group_field = 0;
  SoftmaxParameters softmax = known_softmax(items, 2, dimension, p.observables.law.encoded_size());
  for (double& factor : softmax.item_factors) factor *= spread;
  p.latents.worlds.push_back({0, softmax});
  p.world_users = {"population tiny.h5", Role::world, "abc", {3, 5, 8}};
  for (std::size_t i = 0; i < items; ++i) {
    p.item_ids.push_back(fmt::format("i{}", i));
    p.world_popularity.push_back(static_cast<std::uint32_t>(100.0 * std::exp(softmax.item_bias[i])));
  }
  p.data_name = "invented";
  p.licence = "none needed";
  p.card = {{"lambda", Identifiability::assumed, "1", "sweep"},
            {"leaving", Identifiability::not_identifiable, "", "no log"}};
  return p;
}

Catalogue small_catalogue(std::size_t items) {
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i < items; ++i) keys.push_back(stable_hash(fmt::format("i{}", i)));
  return Catalogue(keys, {}, {});
}

}  // namespace coldframe
