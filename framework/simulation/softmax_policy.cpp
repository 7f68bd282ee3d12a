#include "framework/simulation/softmax_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/detail/log_add.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr double k_never = -std::numeric_limits<double>::infinity();

std::size_t place_of(const PolicyRequest& request, ItemId item) {
  const auto at = std::lower_bound(request.candidates.begin(), request.candidates.end(), item);
  return static_cast<std::size_t>(at - request.candidates.begin());
}

/// log sum e^l.
double log_sum(const std::vector<double>& logits) {
  const double high = logits.empty() ? k_never : *std::max_element(logits.begin(), logits.end());
  if (std::isinf(high)) return high;
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit - high);
  return high + std::log(sum);
}

/// Backwards from what is left below the page, so that nothing is ever subtracted. logits [candidates].
void fill_propensities(const PolicyRequest& request, std::vector<double> logits, Slate& slate) {
  std::vector<double> shown;
  for (const ItemId item : slate.items) shown.push_back(std::exchange(logits[place_of(request, item)], k_never));
  double left = log_sum(logits);
  slate.position_log_propensity.assign(shown.size(), k_never);
  for (std::size_t k = shown.size(); k-- > 0;) {
    left = detail::log_add(left, shown[k]);
    if (!std::isinf(shown[k])) slate.position_log_propensity[k] = std::min(shown[k] - left, 0.0);
  }
  slate.log_propensity = 0;
  for (const double p : slate.position_log_propensity) slate.log_propensity += p;
  slate.position_log_marginal.clear();
}

}  // namespace

SoftmaxPolicy::SoftmaxPolicy(std::string name, std::shared_ptr<const ScoredPolicy> inner, double temperature,
                             std::uint64_t seed, const Catalogue& catalogue)
    : name_(std::move(name)),
      inner_(std::move(inner)),
      temperature_(temperature),
      random_(derived_seed(seed, "softmax slate"), Purpose::exploration),
      catalogue_(&catalogue) {
  if (!(temperature > 0) || std::isinf(temperature)) {
    throw ConfigError(fmt::format("policy '{}' has temperature {}", name_, temperature), "must be > 0", "try 1");
  }
}

std::vector<double> SoftmaxPolicy::logits(const PolicyRequest& request, std::span<const float> scores) const {
  std::vector<double> values;
  double sum = 0, squares = 0, n = 0;
  for (const ItemId item : request.candidates) {
    const double score = scores[item.value()];
    if (std::isnan(score) || score > std::numeric_limits<float>::max()) {
      throw NumericError(fmt::format("policy '{}': score of item {} for user {} is {}", name_, item.value(),
                                     request.user.value(), score),
                         "a probability cannot be made of it", "check what made it");
    }
    values.push_back(score);
    if (std::isinf(score)) continue;
    sum += score;
    ++n;
  }
  for (const double value : values) squares += std::isinf(value) ? 0.0 : (value - sum / n) * (value - sum / n);
  const double deviation = squares > 0 ? std::sqrt(squares / n) : 1.0;
  for (double& value : values) value /= temperature_ * deviation;
  return values;
}

void SoftmaxPolicy::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  struct Keyed {
    double key;
    ItemId item;
  };
  std::vector<Keyed> keyed;
  inner_->each_scored(requests, [&](std::size_t r, std::span<const float> scores) {
    const PolicyRequest& request = requests[r];
    std::vector<double> values = logits(request, scores);
    keyed.clear();
    for (std::size_t c = 0; c < values.size(); ++c) {
      if (std::isinf(values[c])) continue;
      const ItemId item = request.candidates[c];
      const PhiloxBlock words =
          random_.block(request.user, request.time.session, request.time.page, catalogue_->slot(item));
      keyed.push_back({values[c] + gumbel(words[0]), item});
    }
    const std::size_t n = std::min(request.slate_size, request.candidates.size());
    if (keyed.size() < n) {
      throw DataError(
          fmt::format("policy '{}' may show {} items to user {}", name_, keyed.size(), request.user.value()),
          fmt::format("a page holds {}", n), "score more items");
    }
    std::partial_sort(keyed.begin(), keyed.begin() + static_cast<std::ptrdiff_t>(n), keyed.end(),
                      [](const Keyed& a, const Keyed& b) { return a.key != b.key ? a.key > b.key : a.item < b.item; });
    slates[r].items.clear();
    for (std::size_t k = 0; k < n; ++k) slates[r].items.push_back(keyed[k].item);
    fill_propensities(request, std::move(values), slates[r]);
  });
}

void SoftmaxPolicy::weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  inner_->each_scored(requests, [&](std::size_t r, std::span<const float> scores) {
    fill_propensities(requests[r], logits(requests[r], scores), slates[r]);
  });
}

}  // namespace coldframe
