#include "framework/cli/training_users.h"

#include <algorithm>

#include "framework/baselines/unpersonalised.h"

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

std::vector<float> training_prior(const ExperimentData& data) {
  return item_log_prior(training_likes(data.likes, data.roles.users(Role::train)));
}

}  // namespace coldframe
