#include "framework/cli/training_users.h"

#include <algorithm>

namespace coldframe {

std::vector<UserLikes> training_users(const ExperimentData& data) {
  std::vector<UserLikes> users;
  for (const UserId user : data.roles.users(Role::train)) {
    const std::span<const ItemId> likes = data.likes.of(user);
    users.push_back({user, data.dataset.user_key(user), {likes.begin(), likes.end()}});
  }
  return users;
}

std::vector<std::vector<ItemId>> known_positives(const ExperimentData& data) {
  std::vector<std::vector<ItemId>> likes(data.dataset.users.size());
  for (const UserId user : data.roles.users(Role::train)) {
    const std::span<const ItemId> of = data.likes.of(user);
    likes[user.value()].assign(of.begin(), of.end());
    std::ranges::sort(likes[user.value()]);
  }
  return likes;
}

}  // namespace coldframe
