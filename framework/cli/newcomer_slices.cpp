#include "framework/cli/newcomer_slices.h"

#include <algorithm>
#include <unordered_map>

#include "framework/reporting/attribute_groups.h"

namespace coldframe {
namespace {

/// When every item came: unix seconds, by ItemId.
std::vector<std::int64_t> arrivals(const Dataset& dataset) {
  std::vector<std::int64_t> arrived = dataset.item_available_from;
  std::vector<std::int64_t> first(dataset.items.size(), Dataset::k_forever);
  for (std::size_t row = 0; row < dataset.interactions.size(); ++row) {
    std::int64_t& time = first[dataset.interactions.item[row].value()];
    time = std::min(time, dataset.interactions.timestamp[row]);
  }
  arrived.resize(first.size(), Dataset::k_always);
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (arrived[i] == Dataset::k_always) arrived[i] = first[i];
  }
  return arrived;
}

template <class BucketOf>
TargetSlicing slicing(std::string name, const std::vector<std::string>& buckets, const NewcomerSet& newcomers,
                      BucketOf bucket_of) {
  TargetSlicing made{std::move(name), buckets, {}};
  for (const HeldOutUser& newcomer : newcomers.users()) {
    std::vector<std::int8_t>& of = made.of.emplace_back();
    for (const ItemId item : newcomer.targets) of.push_back(bucket_of(newcomer, item));
  }
  return made;
}

}  // namespace

std::vector<TargetSlicing> target_slicings(const ExperimentData& data, const NewcomerSet& newcomers) {
  const std::vector<std::int8_t> popularity =
      popularity_buckets(data.likes.count_by_item(data.roles.users(Role::train)));
  std::vector<TargetSlicing> slicings = {
      slicing("popularity", popularity_bucket_names(), newcomers,
              [&](const HeldOutUser&, ItemId item) { return popularity[item.value()]; })};
  if (!data.likes.timed() || !data.dataset.interactions.timed()) return slicings;
  const std::vector<std::int64_t> arrived = arrivals(data.dataset);
  slicings.push_back(slicing("age", age_bucket_names(), newcomers, [&](const HeldOutUser& newcomer, ItemId item) {
    const std::span<const ItemId> liked = data.likes.of(newcomer.user);
    const auto place = static_cast<std::size_t>(std::ranges::find(liked, item) - liked.begin());
    return age_bucket(data.likes.times_of(newcomer.user)[place] - arrived[item.value()]);
  }));
  return slicings;
}

std::vector<UserLabels> user_groups(const ExperimentData& data, const NewcomerSet& newcomers,
                                    std::span<const UserKey> users, std::vector<std::string> rules) {
  const EntityTable& table = data.dataset.users;
  if (rules.empty()) rules = standard_group_rules(table, table.size() - data.poisoned.profiles);
  std::unordered_map<UserKey, UserId> by_key;
  for (const HeldOutUser& newcomer : newcomers.users()) by_key.emplace(newcomer.key, newcomer.user);
  std::vector<UserId> members;
  for (const UserKey user : users) members.push_back(by_key.at(user));
  std::vector<UserLabels> groups;
  for (const std::string& rule : rules) {
    const Groups made = attribute_groups(table, rule, members);
    UserLabels& labels = groups.emplace_back(UserLabels{rule, {}});
    for (const std::int32_t group : made.of()) {
      labels.labels.push_back(group == Groups::k_none ? "" : made.label(static_cast<std::size_t>(group)));
    }
  }
  return groups;
}

}  // namespace coldframe
