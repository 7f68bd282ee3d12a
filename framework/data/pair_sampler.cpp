#include "framework/data/pair_sampler.h"

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/data/keyed_permutation.h"

namespace coldframe {
namespace {

// Slots of the view stream; the counter is (user, epoch, slot), so no draw depends on another.
constexpr std::uint32_t k_positive_slot = 0;
constexpr std::uint32_t k_size_slot = 1;
constexpr std::uint32_t k_first_history_slot = 2;

}  // namespace

PairSampler::PairSampler(std::vector<UserLikes> users, std::vector<std::int64_t> history_sizes, std::uint64_t seed)
    : users_(std::move(users)),
      history_sizes_(std::move(history_sizes)),
      order_(philox_key(seed, Purpose::data_order)),
      view_(seed, Purpose::history_view),
      extra_(philox_key(seed, Purpose::extra_items)) {
  std::erase_if(users_, [](const UserLikes& user) { return user.items.empty(); });
  if (users_.empty()) {
    throw DataError("no training pairs", "no user of role T has a like", "lower data.like_threshold or add data");
  }
  if (history_sizes_.empty()) history_sizes_ = {0};
  std::ranges::sort(users_, {}, &UserLikes::key);
}

TrainingPair PairSampler::pair(std::uint64_t position) const {
  const std::uint64_t epoch = epoch_of(position);
  const KeyedPermutation order(order_, epoch, static_cast<std::uint32_t>(users_.size()));
  const UserLikes& user = users_[order(static_cast<std::uint32_t>(position % users_.size()))];
  const auto word = [&](std::uint32_t slot) {
    const auto low = static_cast<std::uint32_t>(epoch);
    return view_.block(user.key, low >> 12, low & 0xFFFu, slot)[0];
  };
  const auto count = static_cast<std::uint32_t>(user.items.size());
  const std::uint32_t chosen = uniform_below(word(k_positive_slot), count);

  // A partial Fisher-Yates shuffle of the other likes; positions in the like list keep their order in time.
  std::vector<std::uint32_t> others;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (user.items[i] != user.items[chosen]) others.push_back(i);
  }
  const auto sizes = static_cast<std::uint32_t>(history_sizes_.size());
  const auto wanted = static_cast<std::size_t>(history_sizes_[uniform_below(word(k_size_slot), sizes)]);
  const std::size_t size = std::min(wanted, others.size());
  for (std::size_t i = 0; i < size; ++i) {
    const auto left = static_cast<std::uint32_t>(others.size() - i);
    std::swap(others[i], others[i + uniform_below(word(k_first_history_slot + static_cast<std::uint32_t>(i)), left)]);
  }
  others.resize(size);
  std::ranges::sort(others, std::greater<>{});  // newest first

  TrainingPair pair{user.user, user.items[chosen], {}};
  for (const std::uint32_t index : others) pair.history.push_back(user.items[index]);
  return pair;
}

std::vector<TrainingPair> PairSampler::pairs(std::uint64_t position, std::size_t count) const {
  std::vector<TrainingPair> result;
  result.reserve(count);
  for (std::size_t i = 0; i < count; ++i) result.push_back(pair(position + i));
  return result;
}

std::vector<ItemId> PairSampler::extra_items(std::uint64_t step, std::size_t count, std::size_t items) const {
  const KeyedPermutation order(extra_, step, static_cast<std::uint32_t>(items));
  std::vector<ItemId> chosen;
  for (std::size_t i = 0; i < std::min(count, items); ++i) chosen.emplace_back(order(static_cast<std::uint32_t>(i)));
  return chosen;
}

std::vector<double> PairSampler::positive_law(std::size_t items) const {
  std::vector<double> law(items, 0.0);
  for (const UserLikes& user : users_) {
    const double share = 1.0 / (static_cast<double>(users_.size()) * static_cast<double>(user.items.size()));
    for (const ItemId item : user.items) law[item.value()] += share;
  }
  return law;
}

std::vector<float> log_inclusion(const std::vector<double>& positive_law, std::size_t batch, std::size_t extra) {
  const double items = static_cast<double>(positive_law.size());
  const double not_extra = 1.0 - std::min(1.0, static_cast<double>(extra) / items);
  std::vector<float> log_pi;
  log_pi.reserve(positive_law.size());
  for (const double p : positive_law) {
    const double absent = std::pow(1.0 - p, static_cast<double>(batch) - 1.0) * not_extra;
    log_pi.push_back(static_cast<float>(std::log1p(-absent)));
  }
  return log_pi;
}

}  // namespace coldframe
