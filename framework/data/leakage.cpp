#include "framework/data/leakage.h"

#include <fmt/format.h>

#include <unordered_set>
#include <utility>

#include "framework/core/hash.h"

namespace coldframe {
namespace {

constexpr std::array<Role, 4> k_roles = {Role::train, Role::validate, Role::world, Role::held_out};

// One hash per user over the whole history; 0 for users too short to tell a copy from chance.
std::vector<std::uint64_t> history_hashes(const Dataset& dataset) {
  constexpr std::size_t k_shortest_copy = 5;
  const Interactions& all = dataset.interactions;
  std::vector<std::uint64_t> hashes(dataset.users.size(), 0);
  std::vector<std::size_t> lengths(dataset.users.size(), 0);
  // A sum, because the order of equal timestamps depends on the user's id.
  for (std::size_t row = 0; row < all.size(); ++row) {
    const std::size_t user = all.user[row].value();
    std::uint64_t hash = dataset.item_key(all.item[row]);
    if (all.timed()) hash = combine_hash(hash, static_cast<std::uint64_t>(all.timestamp[row]));
    hashes[user] += combine_hash(hash, 1);
    ++lengths[user];
  }
  for (std::size_t user = 0; user < hashes.size(); ++user) {
    if (lengths[user] < k_shortest_copy) hashes[user] = 0;
  }
  return hashes;
}

void count_members(const Dataset& dataset, const Roles& roles, LeakageReport& report) {
  std::vector<int> memberships(dataset.users.size(), 0);
  for (const Role role : k_roles) {
    report.users[static_cast<std::size_t>(role)] = roles.users(role).size();
    for (const UserId user : roles.users(role)) ++memberships[user.value()];
  }
  for (const int times : memberships) {
    if (times > 1) ++report.users_in_two_roles;
    if (times == 0) ++report.users_in_no_role;
  }
}

void count_copies(const Dataset& dataset, const Roles& roles, LeakageReport& report) {
  const std::vector<std::uint64_t> hashes = history_hashes(dataset);
  std::unordered_set<std::uint64_t> trained;
  for (const UserId user : roles.users(Role::train)) trained.insert(hashes[user.value()]);
  trained.erase(0);
  for (const Role role : {Role::validate, Role::world, Role::held_out}) {
    for (const UserId user : roles.users(role)) report.copied_histories += trained.count(hashes[user.value()]);
  }
}

}  // namespace

std::vector<std::size_t> training_rows(const Dataset& dataset, const Roles& roles) {
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < dataset.interactions.size(); ++row) {
    if (roles.of(dataset.interactions.user[row]) == Role::train) rows.push_back(row);
  }
  return rows;
}

LeakageReport check_leakage(const Dataset& dataset, const Roles& roles, std::span<const std::size_t> training_rows) {
  LeakageReport report;
  const Interactions& all = dataset.interactions;
  count_members(dataset, roles, report);
  count_copies(dataset, roles, report);
  std::vector<bool> trained(dataset.items.size(), false);
  std::vector<bool> held_out(dataset.items.size(), false);
  for (const std::size_t row : training_rows) {
    if (roles.of(all.user[row]) != Role::train) ++report.foreign_rows;
    trained[all.item[row].value()] = true;
  }
  for (std::size_t row = 0; row < all.size(); ++row) {
    const Role role = roles.of(all.user[row]);
    ++report.interactions[static_cast<std::size_t>(role)];
    if (role == Role::held_out) held_out[all.item[row].value()] = true;
  }
  report.items = dataset.items.size();
  for (std::size_t item = 0; item < report.items; ++item) {
    if (trained[item]) ++report.items_trained;
    if (held_out[item] && !trained[item]) ++report.items_held_out_untrained;
  }
  return report;
}

bool LeakageReport::clean() const {
  return users_in_two_roles == 0 && users_in_no_role == 0 && foreign_rows == 0 && copied_histories == 0;
}

std::string LeakageReport::text() const {
  std::string lines = "leakage check\n";
  for (const Role role : k_roles) {
    const auto index = static_cast<std::size_t>(role);
    lines +=
        fmt::format("  {}  {:>8} users {:>10} interactions\n", role_letter(role), users[index], interactions[index]);
  }
  lines += fmt::format("  users in two roles {}, in none {}\n", users_in_two_roles, users_in_no_role);
  lines += fmt::format("  training rows of users outside T: {}\n", foreign_rows);
  lines += fmt::format("  users of V, W, H with the history of a user of T: {}\n", copied_histories);
  lines += fmt::format("  items: {}, {} of them in training rows; {} items of H never trained on\n", items,
                       items_trained, items_held_out_untrained);
  lines += clean() ? "  strict new users: yes\n" : "  strict new users: NO\n";
  return lines;
}

}  // namespace coldframe
