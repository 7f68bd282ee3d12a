#include "framework/simulation/world_data.h"

#include <fmt/format.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

constexpr std::uint32_t k_split_page = 1;  // page 0 of Purpose::world_fit belongs to starting values

std::vector<double> item_counts(const WorldData& data) {
  std::vector<double> counts(data.item_count, 0.0);
  for (const WorldUser& user : data.users) {
    for (const std::uint32_t item : user.likes) counts[item] += user.weight;
  }
  return counts;
}

}  // namespace

double WorldData::like_weight() const {
  double sum = 0;
  for (const WorldUser& user : users) sum += user.weight * static_cast<double>(user.likes.size());
  return sum;
}

std::vector<double> WorldData::group_shares() const {
  std::vector<double> shares(group_count, 0.0);
  double total = 0;
  for (const WorldUser& user : users) {
    shares[user.group] += user.weight;
    total += user.weight;
  }
  for (double& share : shares) share = total > 0 ? share / total : 1.0 / static_cast<double>(group_count);
  return shares;
}

WorldData bootstrap_world_data(const WorldData& data, std::uint64_t seed, std::uint32_t replicate) {
  if (replicate == 0) return data;
  const KeyedRandom random(seed, Purpose::bootstrap);
  WorldData resampled{data.item_count, data.group_count, data.attribute_size, {}};
  for (const WorldUser& user : data.users) {
    const int weight = poisson_one(random.block(UserKey(user.key), 0, 0, replicate)[0]);
    if (weight == 0) continue;
    resampled.users.push_back(user);
    resampled.users.back().weight = user.weight * weight;
  }
  if (resampled.users.empty()) {
    throw DataError(fmt::format("bootstrap replicate {} of {} world users", replicate, data.users.size()),
                    "no user was drawn", "fit worlds on more users");
  }
  return resampled;
}

WorldSplit split_world_data(const WorldData& data, std::uint64_t seed, double share) {
  const KeyedRandom random(seed, Purpose::world_fit);
  WorldSplit split{{data.item_count, data.group_count, data.attribute_size, {}},
                   {data.item_count, data.group_count, data.attribute_size, {}}};
  for (const WorldUser& user : data.users) {
    const bool held_out = random.uniform(UserKey(user.key), 0, k_split_page) < share;
    (held_out ? split.held_out : split.fit).users.push_back(user);
  }
  return split;
}

double unigram_log_likelihood(const WorldData& fit, const WorldData& held_out, double pseudo_count) {
  std::vector<double> log_share = item_counts(fit);
  const double total = fit.like_weight() + pseudo_count * static_cast<double>(fit.item_count);
  for (double& value : log_share) value = std::log((value + pseudo_count) / total);
  double sum = 0;
  for (const WorldUser& user : held_out.users) {
    for (const std::uint32_t item : user.likes) sum += user.weight * log_share[item];
  }
  return sum / held_out.like_weight();
}

std::vector<double> item_shares(const WorldData& data, double pseudo_count) {
  std::vector<double> share(data.item_count, pseudo_count);
  double total = pseudo_count * static_cast<double>(data.item_count);
  for (const WorldUser& user : data.users) {
    for (const std::uint32_t item : user.likes) share[item] += user.weight;
    total += user.weight * static_cast<double>(user.likes.size());
  }
  for (double& value : share) value /= total;
  return share;
}

}  // namespace coldframe
