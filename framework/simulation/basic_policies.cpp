#include "framework/simulation/basic_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

double log_uniform_prefix(std::size_t candidates, std::size_t length) {
  double sum = 0;
  for (std::size_t k = 0; k < length; ++k) sum -= std::log(static_cast<double>(candidates - k));
  return sum;
}

}  // namespace

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

Slate certain_slate(std::vector<ItemId> items) {
  Slate slate;
  slate.position_log_propensity.assign(items.size(), 0.0);
  slate.items = std::move(items);
  return slate;
}

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
    Slate slate;
    for (std::size_t k = 0; k < n; ++k) {
      slate.items.push_back(keyed[k].item);
      slate.position_log_propensity.push_back(-std::log(static_cast<double>(keyed.size() - k)));
    }
    slate.log_propensity = log_uniform_prefix(keyed.size(), n);
    slates[r] = std::move(slate);
  }
}

FixedScorePolicy::FixedScorePolicy(std::string name, std::vector<float> scores, TieBreak ties)
    : name_(std::move(name)), scores_(std::move(scores)), ties_(std::move(ties)) {}

void FixedScorePolicy::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    slates[r] = certain_slate(top_candidates(requests[r], scores_, ties_));
  }
}

UniformMixture::UniformMixture(std::unique_ptr<Policy> inner, double epsilon, std::uint64_t seed,
                               const Catalogue& catalogue)
    : inner_(std::move(inner)),
      epsilon_(epsilon),
      random_(derived_seed(seed, "mixture coin"), Purpose::exploration),
      uniform_("uniform", derived_seed(seed, "mixture slate"), catalogue) {
  if (inner_->kind() == PolicyKind::stochastic) {
    throw ConfigError(fmt::format("simulation.exploration on policy '{}'", inner_->name()),
                      "it is stochastic already, its propensities would be wrong",
                      "mix into deterministic policies only");
  }
  if (!(epsilon >= 0.0 && epsilon <= 1.0)) {
    throw ConfigError(fmt::format("simulation.exploration = {}", epsilon), "must be from 0 to 1", "try 0.1");
  }
}

void UniformMixture::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  inner_->rank(requests, slates);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    const std::vector<ItemId> greedy = slates[r].items;
    if (random_.uniform(request.user, request.time.session, request.time.page) < epsilon_) {
      uniform_.rank(requests.subspan(r, 1), slates.subspan(r, 1));
    }
    Slate& slate = slates[r];
    double before = 0;
    bool same = true;
    for (std::size_t k = 0; k < slate.items.size(); ++k) {
      same = same && slate.items[k] == greedy[k];
      const double uniform = epsilon_ * std::exp(log_uniform_prefix(request.candidates.size(), k + 1));
      const double prefix = std::log(uniform + (same ? 1.0 - epsilon_ : 0.0));
      slate.position_log_propensity[k] = prefix - before;
      before = prefix;
    }
    slate.log_propensity = before;
  }
}

}  // namespace coldframe
