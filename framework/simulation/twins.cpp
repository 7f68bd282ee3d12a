#include "framework/simulation/twins.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "framework/core/hash.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {

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

WorldData rename_items(const WorldData& people, std::span<const double> popularity, std::size_t stratum,
                       std::uint64_t seed) {
  const KeyedRandom random(derived_seed(seed, "renamed items"), Purpose::permutation);
  std::vector<std::uint32_t> by_popularity(people.item_count), new_name(people.item_count);
  std::iota(by_popularity.begin(), by_popularity.end(), 0u);
  std::stable_sort(by_popularity.begin(), by_popularity.end(),
                   [&](auto a, auto b) { return popularity[a] > popularity[b]; });
  for (std::size_t begin = 0; begin < by_popularity.size(); begin += stratum) {
    const std::size_t end = std::min(begin + stratum, by_popularity.size());
    std::vector<std::uint32_t> members(by_popularity.begin() + static_cast<std::ptrdiff_t>(begin),
                                       by_popularity.begin() + static_cast<std::ptrdiff_t>(end));
    std::sort(members.begin(), members.end(),
              [&](auto a, auto b) { return random.block(UserKey(a))[0] < random.block(UserKey(b))[0]; });
    for (std::size_t k = begin; k < end; ++k) new_name[by_popularity[k]] = members[k - begin];
  }
  WorldData renamed = people;
  for (WorldUser& user : renamed.users) {
    for (std::uint32_t& item : user.likes) item = new_name[item];
  }
  return renamed;
}

}  // namespace coldframe
