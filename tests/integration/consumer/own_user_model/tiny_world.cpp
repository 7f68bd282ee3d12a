#include "tiny_world.h"

#include <algorithm>
#include <string>

#include "framework/core/philox.h"

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

Dataset invented_people() {
  constexpr std::uint32_t k_people = 200, k_items = 40, k_likes = 12;
  const KeyedRandom random(3, Purpose::data_order);
  Dataset data;
  data.meta = {"invented", "none needed", "own_user_model", {}};
  AttributeColumn title{"title", AttributeKind::text, {}, {}, {}};
  AttributeColumn gender{"gender", AttributeKind::category, {}, {}, {}};
  for (std::uint32_t i = 0; i < k_items; ++i) {
    data.items.ids.push_back("i" + std::to_string(i));
    title.texts.push_back("Film " + std::to_string(i));
  }
  data.items.columns = {title};
  data.item_available_from.assign(k_items, Dataset::k_always);
  data.item_available_to.assign(k_items, Dataset::k_forever);
  for (std::uint32_t u = 0; u < k_people; ++u) {
    data.users.ids.push_back("u" + std::to_string(u));
    gender.texts.emplace_back(u % 2 == 0 ? "M" : "F");
    std::vector<bool> liked(k_items, false);
    for (std::uint32_t k = 0; k < k_likes; ++k) {
      const PhiloxBlock words = random.block(UserKey(u), 0, 0, k);
      const bool own_half = uniform_double(words[0]) < 0.8;
      // Lower numbers are better known: the smaller of two draws.
      const std::uint32_t place = std::min(uniform_below(words[1], k_items / 2), uniform_below(words[2], k_items / 2));
      const std::uint32_t item = 2 * place + (own_half ? u % 2 : 1 - u % 2);
      if (liked[item]) continue;
      liked[item] = true;
      data.interactions.user.emplace_back(u);
      data.interactions.item.emplace_back(item);
      data.interactions.rating.push_back(5.0f);
      data.interactions.timestamp.push_back(1000 + k);
    }
  }
  data.users.columns = {gender};
  sort_interactions(data);
  return data;
}

Population newcomers_like(const Dataset& people) {
  PopulationOptions options;
  options.attributes = {"gender"};
  options.tastes = {"softmax"};
  options.dimensions = {2};
  options.factor_ridges = {4};
  const auto render = [](std::span<const std::string>, std::span<const std::string> values) { return values[0]; };
  return make_population(people, Roles(people, RoleOptions{}), Likes(people, LikeOptions{}), options, render,
                         "{gender}");
}
