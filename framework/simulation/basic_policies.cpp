#include "framework/simulation/basic_policies.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace coldframe {

RandomPolicy::RandomPolicy(std::string name, std::uint64_t seed, const Catalogue& catalogue)
    : name_(std::move(name)), random_(seed, Purpose::exploration), catalogue_(&catalogue) {}

void RandomPolicy::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  struct Keyed {
    std::uint64_t word;
    ItemId item;
    auto operator<=>(const Keyed&) const = default;
  };
  std::vector<Keyed> keyed;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    keyed.clear();
    for (const ItemId item : request.candidates) {
      const PhiloxBlock words =
          random_.block(request.user, request.time.session, request.time.page, catalogue_->slot(item));
      keyed.push_back({(std::uint64_t{words[0]} << 32) | words[1], item});
    }
    const std::size_t n = std::min(request.slate_size, keyed.size());
    std::partial_sort(keyed.begin(), keyed.begin() + static_cast<std::ptrdiff_t>(n), keyed.end());
    slates[r].items.clear();
    for (std::size_t k = 0; k < n; ++k) slates[r].items.push_back(keyed[k].item);
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
    : ScoredPolicy(std::move(ties)), name_(std::move(name)), scores_(std::move(scores)) {}

void FixedScorePolicy::score(std::span<const PolicyRequest> requests, std::span<float> scores) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    std::copy(scores_.begin(), scores_.end(), scores.begin() + static_cast<std::ptrdiff_t>(r * scores_.size()));
  }
}

}  // namespace coldframe
