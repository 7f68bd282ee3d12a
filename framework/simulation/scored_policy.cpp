#include "framework/simulation/scored_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::size_t k_score_bytes = 16 << 20;  // scores of the users of one sub-batch

std::vector<ItemId> items_of(const std::vector<RankedItem>& ranking) {
  std::vector<ItemId> items;
  items.reserve(ranking.size());
  for (const RankedItem& ranked : ranking) items.push_back(ranked.item);
  return items;
}

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

std::vector<std::vector<RankedItem>> ScoredPolicy::best(std::span<const PolicyRequest> requests,
                                                        const TieBreak& ties) const {
  std::vector<std::vector<RankedItem>> best(requests.size());
  each_scored(requests, [&](std::size_t r, std::span<const float> scores) {
    best[r] = top_of_row(top_request(requests[r]), scores, ties);
  });
  return best;
}

void ScoredPolicy::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  const std::vector<std::vector<RankedItem>> all = best(requests, ties_);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    // The last item has the lowest score of the page.
    if (!all[r].empty() && all[r].back().score == -std::numeric_limits<float>::infinity()) {
      throw DataError(fmt::format("policy '{}' has too few items for user {} in session {}, page {}", name(),
                                  requests[r].user.value(), requests[r].time.session, requests[r].time.page),
                      fmt::format("a page holds {}, and what was clicked may not be shown again", all[r].size()),
                      "give it more items");
    }
    slates[r] = certain_slate(items_of(all[r]));
  }
}

std::vector<ItemId> top_candidates(const PolicyRequest& request, std::span<const float> scores, const TieBreak& ties) {
  return items_of(top_of_row(top_request(request), scores, ties));
}

}  // namespace coldframe
