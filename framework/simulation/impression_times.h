#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/simulation/catalogue.h"

namespace coldframe {

/// Somebody saw an item.
struct Impression {
  std::uint32_t item = 0;
  std::int64_t time = 0;  // unix seconds
  friend auto operator<=>(const Impression&, const Impression&) = default;
};

/// How many of the first impressions of every new item are kept.
constexpr std::size_t k_first_impressions = 10;

/// Leaves of every item the earliest k_first_impressions, by item and time.
void keep_first_impressions(std::vector<Impression>& impressions);

/// The same of two such lists together; in any order the same.
void merge_first_impressions(std::vector<Impression>& into, std::span<const Impression> more);

/// How long new items wait to be seen k times.
struct WaitingTime {
  std::size_t k = 0;
  std::size_t items = 0;                 // new ones that had arrived before `end`
  std::size_t reached = 0;               // of these, by the end of the simulation
  std::optional<double> median_seconds;  // from arrival to the k-th impression, over all these items; none when fewer
                                         // than half of them were seen so often
};

/// Items that were there before `start` wait from `start` on. CONTRACT: 1 <= k <= k_first_impressions.
WaitingTime waiting_time(std::span<const Impression> first, const Catalogue& catalogue, std::int64_t start,
                         std::int64_t end, std::size_t k);

}  // namespace coldframe
