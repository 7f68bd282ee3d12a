#include "framework/simulation/user_row_spool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {

UserRowSpool::UserRowSpool(std::filesystem::path folder, std::size_t buffer_bytes)
    : bytes_(std::move(folder), buffer_bytes, "rows of simulated users") {}

void UserRowSpool::add(const ReplayResult& part) {
  if (part.begin == part.end) return;
  if (policies_ == 0) {
    begin_ = end_ = part.begin;
    policies_ = part.policies.size();
  }
  const std::uint64_t users = part.end - part.begin;
  const bool whole = std::ranges::all_of(part.policies, [&](const PolicyOutcome& outcome) {
    return outcome.users.size() == users && outcome.users.front().user == part.begin &&
           outcome.users.back().user + 1 == part.end;
  });
  if (part.begin != end_ || part.policies.size() != policies_ || !whole) {
    throw DataError(fmt::format("rows of users {}..{}", part.begin, part.end),
                    fmt::format("those of {} policies from user {} on come next", policies_, end_));
  }
  std::vector<UserOutcome> rows;
  rows.reserve(users * policies_);
  for (std::uint64_t user = 0; user < users; ++user) {
    for (const PolicyOutcome& outcome : part.policies) {
      const UserRow& row = outcome.users[user];
      rows.push_back({row.pages, row.clicks, row.expected});
    }
  }
  bytes_.add(std::as_bytes(std::span<const UserOutcome>(rows)));
  end_ = part.end;
}

std::vector<UserOutcome> UserRowSpool::read(std::uint64_t first, std::uint64_t count) const {
  CF_EXPECTS(first >= begin_ && count <= end_ - first);
  std::vector<UserOutcome> rows(count * policies_);
  bytes_.read((first - begin_) * policies_ * sizeof(UserOutcome), std::as_writable_bytes(std::span(rows)));
  return rows;
}

}  // namespace coldframe
