#pragma once

#include <fmt/format.h>

#include <limits>

#include "framework/data/dataset.h"

namespace coldframe::testing {

/// Three users, four items, every kind of attribute, missing values and a tie in time.
inline Dataset tiny_dataset() {
  Dataset data;
  data.meta = {"tiny", "public domain", "by hand", {{"a.csv", "00ff"}}};
  data.users.ids = {"ann", "böb", "007"};
  data.users.columns = {
      {"age", AttributeKind::number, {}, {24, std::numeric_limits<double>::quiet_NaN(), 31.5}, {}},
      {"gender", AttributeKind::category, {"F", "", "M"}, {}, {}},
  };
  data.items.ids = {"1", "2", "x y", "日本"};
  data.items.columns = {
      {"title", AttributeKind::text, {"Toy Story", "", "Amélie", "line\nbreak"}, {}, {}},
      {"genres", AttributeKind::multi, {}, {}, {{"Comedy", "Children's"}, {}, {"Drama"}, {"a,b", "c"}}},
  };
  data.item_available_from = {Dataset::k_always, 100, 100, Dataset::k_always};
  data.item_available_to = {Dataset::k_forever, Dataset::k_forever, 200, Dataset::k_forever};
  data.interactions.user = {UserId(0), UserId(0), UserId(0), UserId(1), UserId(2)};
  data.interactions.item = {ItemId(0), ItemId(1), ItemId(3), ItemId(2), ItemId(0)};
  data.interactions.rating = {5, 3, 4, 0.5f, 4};
  data.interactions.timestamp = {150, 150, 99, 160, -5};
  sort_interactions(data);
  return data;
}

/// `users` users with `likes` likes and one dislike each, all at different times, plus attributes.
inline Dataset regular_dataset(std::uint32_t users, std::uint32_t items, std::uint32_t likes) {
  Dataset data;
  data.meta.name = "regular";
  for (std::uint32_t user = 0; user < users; ++user) data.users.ids.push_back(fmt::format("u{}", user));
  for (std::uint32_t item = 0; item < items; ++item) data.items.ids.push_back(fmt::format("i{}", item));
  data.item_available_from.assign(items, Dataset::k_always);
  data.item_available_to.assign(items, Dataset::k_forever);
  for (std::uint32_t user = 0; user < users; ++user) {
    for (std::uint32_t place = 0; place <= likes; ++place) {
      data.interactions.user.push_back(UserId(user));
      data.interactions.item.push_back(ItemId((user * 7 + place) % items));
      data.interactions.rating.push_back(place == likes ? 1.0f : 4.0f + static_cast<float>(place % 2));
      data.interactions.timestamp.push_back(1000 + 10 * place + user % 3);
    }
  }
  sort_interactions(data);
  return data;
}

}  // namespace coldframe::testing
