#include "framework/data/cold_start.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

std::span<const ItemId> ColdStartCases::history(const ColdStartUser& user, std::size_t k) {
  return std::span(user.support).first(std::min(k, user.support.size()));
}

ColdStartCases make_cold_start_cases(const Likes& likes, std::span<const UserId> users,
                                     const ColdStartOptions& options) {
  for (const std::size_t shot : options.shots) {
    if (shot > options.masked) {
      throw ConfigError(fmt::format("a history of {} likes", shot),
                        fmt::format("only the first {} are kept out of the targets", options.masked),
                        "mask at least as many as the longest history");
    }
  }
  ColdStartCases cases;
  cases.options = options;
  cases.ordered_by_time = likes.timed();
  const auto masked = static_cast<std::ptrdiff_t>(options.masked);
  for (const UserId user : users) {
    const std::span<const ItemId> liked = likes.of(user);
    if (liked.size() <= options.masked) {
      ++cases.left_out;
      continue;
    }
    cases.users.push_back({user, {liked.begin(), liked.begin() + masked}, {liked.begin() + masked, liked.end()}});
  }
  return cases;
}

}  // namespace coldframe
