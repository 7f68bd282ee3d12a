#include "framework/simulation/impression_times.h"

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

void keep_first_impressions(std::vector<Impression>& impressions) {
  std::ranges::sort(impressions);
  std::size_t kept = 0, of_item = 0;
  for (std::size_t i = 0; i < impressions.size(); ++i) {
    of_item = kept > 0 && impressions[kept - 1].item == impressions[i].item ? of_item + 1 : 1;
    if (of_item <= k_first_impressions) impressions[kept++] = impressions[i];
  }
  impressions.resize(kept);
}

void merge_first_impressions(std::vector<Impression>& into, std::span<const Impression> more) {
  if (more.empty()) return;
  into.insert(into.end(), more.begin(), more.end());
  keep_first_impressions(into);
}

WaitingTime waiting_time(std::span<const Impression> first, const Catalogue& catalogue, std::int64_t start,
                         std::int64_t end, std::size_t k) {
  CF_EXPECTS(k >= 1 && k <= k_first_impressions);
  WaitingTime waiting;
  waiting.k = k;
  std::vector<double> seconds;
  for (std::uint32_t i = 0; i < catalogue.size(); ++i) {
    const ItemId item(i);
    const std::int64_t arrival = std::max(start, catalogue.from()[i]);
    if (!catalogue.is_new(item) || arrival >= end) continue;
    ++waiting.items;
    const auto seen = std::ranges::equal_range(first, i, {}, &Impression::item);
    if (seen.size() >= k)
      seconds.push_back(static_cast<double>((seen.begin() + static_cast<std::ptrdiff_t>(k - 1))->time - arrival));
  }
  waiting.reached = seconds.size();
  // The lower median over all items, of which those not seen so often come last.
  const std::size_t middle = waiting.items == 0 ? 0 : (waiting.items - 1) / 2;
  if (middle < seconds.size()) {
    std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(middle));
    waiting.median_seconds = seconds[middle];
  }
  return waiting;
}

}  // namespace coldframe
