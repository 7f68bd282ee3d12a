#include "keyed_shuffle.h"

#include <algorithm>
#include <cmath>

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

void KeyedShuffle::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    const auto draw = [&](ItemId item) {
      return random_.uniform(request.user, request.time.session, request.time.page, item.value());
    };
    std::vector<ItemId>& items = slates[r].items;
    items.assign(request.candidates.begin(), request.candidates.end());
    std::ranges::sort(items, {}, draw);
    items.resize(std::min(request.slate_size, items.size()));
  }
  weigh(requests, slates);
}

void KeyedShuffle::weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const auto candidates = static_cast<double>(requests[r].candidates.size());
    Slate& slate = slates[r];
    slate.position_log_propensity.clear();
    slate.log_propensity = 0;
    for (std::size_t k = 0; k < slate.items.size(); ++k) {
      slate.position_log_propensity.push_back(-std::log(candidates - static_cast<double>(k)));
      slate.log_propensity += slate.position_log_propensity.back();
    }
    slate.position_log_marginal.assign(slate.items.size(), -std::log(candidates));
  }
}
