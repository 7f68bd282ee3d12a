#include "framework/simulation/scored_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::size_t k_score_bytes = 16 << 20;  // scores of the users of one sub-batch

}  // namespace

void ScoredPolicy::each_scored(std::span<const PolicyRequest> requests,
                               const std::function<void(std::size_t, std::span<const float>)>& visit) const {
  if (requests.empty()) return;
  const std::size_t count = items();
  const std::size_t at_once =
      std::clamp<std::size_t>(k_score_bytes / (sizeof(float) * std::max<std::size_t>(count, 1)), 1, requests.size());
  std::vector<float> scores(at_once * count);
  for (std::size_t first = 0; first < requests.size(); first += at_once) {
    const std::size_t users = std::min(at_once, requests.size() - first);
    score(requests.subspan(first, users), std::span(scores).first(users * count));
    for (std::size_t u = 0; u < users; ++u) visit(first + u, std::span(scores).subspan(u * count, count));
  }
}

void ScoredPolicy::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  each_scored(requests, [&](std::size_t r, std::span<const float> scores) {
    std::vector<ItemId> items = top_candidates(requests[r], scores, ties_);
    // The last item has the lowest score of the page.
    if (!items.empty() && scores[items.back().value()] == -std::numeric_limits<float>::infinity()) {
      throw DataError(fmt::format("policy '{}' has too few items for user {} in session {}, page {}", name(),
                                  requests[r].user.value(), requests[r].time.session, requests[r].time.page),
                      fmt::format("a page holds {}, and what was clicked may not be shown again", items.size()),
                      "give it more items");
    }
    slates[r] = certain_slate(std::move(items));
  });
}

std::vector<ItemId> top_candidates(const PolicyRequest& request, std::span<const float> scores, const TieBreak& ties) {
  std::vector<ItemId> items(request.candidates.begin(), request.candidates.end());
  for (const ItemId item : items) {
    if (std::isnan(scores[item.value()])) {
      throw NumericError(fmt::format("score of item {} for user {} is NaN", item.value(), request.user.value()),
                         "NaN has no rank", "check the encoder that made it");
    }
  }
  const std::size_t n = std::min(request.slate_size, items.size());
  const auto before = [&](ItemId a, ItemId b) {
    const float score_a = scores[a.value()];
    const float score_b = scores[b.value()];
    if (score_a != score_b) return score_a > score_b;
    const std::uint64_t order_a = ties.order(request.user, a);
    const std::uint64_t order_b = ties.order(request.user, b);
    return order_a != order_b ? order_a < order_b : a < b;
  };
  const auto cut = items.begin() + static_cast<std::ptrdiff_t>(n);
  if (cut != items.end()) std::nth_element(items.begin(), cut, items.end(), before);
  std::sort(items.begin(), cut, before);
  items.resize(n);
  return items;
}

}  // namespace coldframe
