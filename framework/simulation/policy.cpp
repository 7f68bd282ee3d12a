#include "framework/simulation/policy.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr double k_never = -std::numeric_limits<double>::infinity();

/// What a policy that shows `certain` thinks of the items of `slate`.
void compare(const std::vector<ItemId>& certain, Slate& slate) {
  slate.position_log_propensity.clear();
  slate.position_log_marginal.clear();
  bool same = true;
  for (std::size_t k = 0; k < slate.items.size(); ++k) {
    const bool here = k < certain.size() && certain[k] == slate.items[k];
    same = same && here;
    slate.position_log_propensity.push_back(same ? 0.0 : k_never);
    slate.position_log_marginal.push_back(here ? 0.0 : k_never);
  }
  slate.log_propensity = same ? 0.0 : k_never;
}

}  // namespace

void Policy::weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  if (kind() == PolicyKind::stochastic) {
    throw ConfigError(fmt::format("policy '{}'", name()), "it does not say how probable a page is",
                      "let it override Policy::weigh");
  }
  std::vector<Slate> own(slates.size());
  rank(requests, own);
  for (std::size_t i = 0; i < slates.size(); ++i) compare(own[i].items, slates[i]);
}

Slate certain_slate(std::vector<ItemId> items) {
  Slate slate;
  slate.position_log_propensity.assign(items.size(), 0.0);
  slate.position_log_marginal = slate.position_log_propensity;
  slate.items = std::move(items);
  return slate;
}

void certain_slate(std::span<const ItemId> items, Slate& slate) {
  slate.items.assign(items.begin(), items.end());
  slate.log_propensity = 0;
  slate.position_log_propensity.assign(items.size(), 0.0);
  slate.position_log_marginal.assign(items.size(), 0.0);
}

}  // namespace coldframe
