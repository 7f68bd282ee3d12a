#include "framework/baselines/baseline.h"

#include <fmt/format.h>

#include "framework/core/error.h"

namespace coldframe {

std::vector<std::uint64_t> TrainingLikes::item_counts() const {
  std::vector<std::uint64_t> counts(items, 0);
  for (const std::vector<ItemId>& list : likes) {
    for (const ItemId item : list) ++counts[item.value()];
  }
  return counts;
}

void TrainingLikes::check() const {
  if (users.size() != likes.size()) {
    throw DataError(fmt::format("{} lists of likes for {} training users", likes.size(), users.size()),
                    "every user needs one list");
  }
  std::vector<std::size_t> last_list(items, 0);
  for (std::size_t u = 0; u < likes.size(); ++u) {
    for (const ItemId item : likes[u]) {
      if (item.value() >= items) {
        throw DataError(fmt::format("training user {} likes item {}", users[u].value(), item.value()),
                        fmt::format("the catalogue has {} items", items));
      }
      if (last_list[item.value()] == u + 1) {
        throw DataError(fmt::format("training user {} likes item {} twice", users[u].value(), item.value()),
                        "an item counts once per user", "keep the first like only");
      }
      last_list[item.value()] = u + 1;
    }
  }
}

TrainingLikes training_likes(const Likes& likes, std::span<const UserId> users) {
  TrainingLikes training;
  training.items = likes.item_count();
  training.users.assign(users.begin(), users.end());
  for (const UserId user : users) {
    const std::span<const ItemId> list = likes.of(user);
    training.likes.emplace_back(list.begin(), list.end());
  }
  return training;
}

}  // namespace coldframe
