#include "framework/data/roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_deciles = 10;
constexpr std::int64_t k_folds = 5;

// Counted from decile 2 f: two of H, five of T, one of V, two of W.
Role role_of_decile(std::int64_t decile, std::int64_t fold) {
  const std::int64_t place = (decile - 2 * fold + k_deciles) % k_deciles;
  if (place < 2) return Role::held_out;
  if (place < 7) return Role::train;
  return place < 8 ? Role::validate : Role::world;
}

std::vector<std::size_t> shuffled_users(const Dataset& dataset, std::int64_t seed) {
  const KeyedRandom random(static_cast<std::uint64_t>(seed), Purpose::roles);
  std::vector<std::uint64_t> hashes(dataset.users.size());
  for (std::uint32_t row = 0; row < hashes.size(); ++row) {
    const PhiloxBlock block = random.block(dataset.user_key(UserId(row)));
    hashes[row] = (std::uint64_t{block[1]} << 32) | block[0];
  }
  std::vector<std::size_t> order(hashes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return hashes[a] != hashes[b] ? hashes[a] < hashes[b] : dataset.users.ids[a] < dataset.users.ids[b];
  });
  return order;
}

std::string fingerprint_of(const Dataset& dataset, const std::vector<UserId>& users) {
  std::vector<std::string_view> ids;
  for (const UserId user : users) ids.push_back(dataset.users.ids[user.value()]);
  std::sort(ids.begin(), ids.end());
  std::string joined;
  for (const std::string_view id : ids) joined += fmt::format("{}:{}", id.size(), id);
  return sha256_hex(joined);
}

}  // namespace

Roles::Roles(const Dataset& dataset, const RoleOptions& options) : roles_(dataset.users.size()) {
  if (options.fold < 0 || options.fold >= k_folds) {
    throw ConfigError(fmt::format("data.fold = {}", options.fold), fmt::format("must be 0 to {}", k_folds - 1));
  }
  const std::vector<std::size_t> order = shuffled_users(dataset, options.seed);
  for (std::size_t place = 0; place < order.size(); ++place) {
    const auto decile = static_cast<std::int64_t>(place * k_deciles / order.size());
    roles_[order[place]] = role_of_decile(decile, options.fold);
  }
  for (std::uint32_t row = 0; row < roles_.size(); ++row) {
    members_[static_cast<std::size_t>(roles_[row])].push_back(UserId(row));
  }
  for (std::size_t role = 0; role < members_.size(); ++role)
    fingerprints_[role] = fingerprint_of(dataset, members_[role]);
}

void Roles::enrol(UserId user) {
  CF_EXPECTS(user.value() == roles_.size());
  roles_.push_back(Role::train);
  members_[static_cast<std::size_t>(Role::train)].push_back(user);
}

std::vector<std::uint64_t> Roles::member_keys(const Dataset& dataset, Role role) const {
  std::vector<std::uint64_t> keys;
  for (const UserId user : users(role)) keys.push_back(dataset.user_key(user).value());
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::string_view role_letter(Role role) {
  constexpr std::array<std::string_view, 4> k_letters = {"T", "V", "W", "H"};
  return k_letters[static_cast<std::size_t>(role)];
}

}  // namespace coldframe
