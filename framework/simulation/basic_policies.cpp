#include "framework/simulation/basic_policies.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "framework/core/keyed_words.h"
#include "framework/evaluation/candidate_set.h"

namespace coldframe {
namespace {

struct Keyed {
  std::uint64_t word;
  ItemId item;
  auto operator<=>(const Keyed&) const = default;
};

/// The n candidates with the smallest words, in order.
void find_first(std::span<const ItemId> candidates, std::span<const std::uint64_t> words, std::size_t n,
                std::vector<Keyed>& first) {
  first.clear();
  if (n == 0) return;
  std::size_t at = 0;
  for (; at < n; ++at) first.push_back({words[at], candidates[at]});
  std::ranges::make_heap(first);
  for (; at < words.size(); ++at) {
    if (words[at] > first.front().word) continue;
    const Keyed keyed{words[at], candidates[at]};
    if (!(keyed < first.front())) continue;
    std::ranges::pop_heap(first);
    first.back() = keyed;
    std::ranges::push_heap(first);
  }
  std::ranges::sort_heap(first);
}

}  // namespace

RandomPolicy::RandomPolicy(std::string name, std::uint64_t seed, const Catalogue& catalogue)
    : name_(std::move(name)), random_(seed, Purpose::exploration), catalogue_(&catalogue) {}

void RandomPolicy::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  std::span<const ItemId> candidates;
  std::vector<std::uint32_t> slots;
  std::vector<std::uint64_t> words;
  std::vector<Keyed> first;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    // Users who have taken nothing yet share their list of candidates.
    if (request.candidates.data() != candidates.data() || request.candidates.size() != candidates.size()) {
      candidates = request.candidates;
      slots.clear();
      for (const ItemId item : candidates) slots.push_back(catalogue_->slot(item));
      words.resize(slots.size());
    }
    keyed_words(random_, request.user, request.time.session, request.time.page, slots, words);
    find_first(candidates, words, std::min(request.slate_size, words.size()), first);
    slates[r].items.clear();
    for (const Keyed& keyed : first) slates[r].items.push_back(keyed.item);
  }
  weigh(requests, slates);
}

void RandomPolicy::weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::size_t candidates = requests[r].candidates.size();
    Slate& slate = slates[r];
    slate.position_log_propensity.clear();
    slate.log_propensity = 0;
    for (std::size_t k = 0; k < slate.items.size(); ++k) {
      slate.position_log_propensity.push_back(-std::log(static_cast<double>(candidates - k)));
      slate.log_propensity += slate.position_log_propensity.back();
    }
    slate.position_log_marginal.assign(slate.items.size(), -std::log(static_cast<double>(candidates)));
  }
}

FixedScorePolicy::FixedScorePolicy(std::string name, std::vector<float> scores, TieBreak ties)
    : ScoredPolicy(std::move(ties)), name_(std::move(name)), scores_(std::move(scores)) {
  if (std::ranges::any_of(scores_, [](float score) { return std::isnan(score); })) return;
  order_.resize(scores_.size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::ranges::stable_sort(order_, std::ranges::greater(), [this](std::uint32_t item) { return scores_[item]; });
}

void FixedScorePolicy::score(std::span<const PolicyRequest> requests, std::span<float> scores) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    std::copy(scores_.begin(), scores_.end(), scores.begin() + static_cast<std::ptrdiff_t>(r * scores_.size()));
  }
}

std::vector<std::vector<RankedItem>> FixedScorePolicy::best(std::span<const PolicyRequest> requests,
                                                            const TieBreak& ties) const {
  if (order_.empty()) return ScoredPolicy::best(requests, ties);
  std::vector<std::vector<RankedItem>> best;
  for (const PolicyRequest& request : requests) {
    const CandidateSet candidates(request.candidates, scores_.size());
    RunningTop top(top_request(request), ties, scores_.size());
    const std::size_t wanted = std::min(request.slate_size, request.candidates.size());
    std::size_t found = 0;
    // Below the last score of a full page nothing can follow; what equals it may.
    for (const std::uint32_t item : order_) {
      if (found >= wanted && scores_[item] < top.threshold()) break;
      top.offer(ItemId(item), scores_[item]);
      found += static_cast<std::size_t>(candidates.holds(ItemId(item)));
    }
    best.push_back(top.finish());
  }
  return best;
}

}  // namespace coldframe
