#include "framework/simulation/uniform_mixture.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/detail/log_add.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {

UniformMixture::UniformMixture(std::string name, std::shared_ptr<const Policy> inner, double epsilon,
                               std::uint64_t seed, const Catalogue& catalogue)
    : name_(std::move(name)),
      inner_(std::move(inner)),
      epsilon_(epsilon),
      random_(derived_seed(seed, "mixture coin"), Purpose::exploration),
      uniform_("uniform", derived_seed(seed, "mixture slate"), catalogue) {
  if (!(epsilon >= 0.0 && epsilon <= 1.0)) {
    throw ConfigError(fmt::format("policy '{}' explores with {}", name_, epsilon), "must be from 0 to 1", "try 0.1");
  }
  if (dynamic_cast<const UniformMixture*>(inner_.get()) != nullptr) {
    throw ConfigError(fmt::format("policy '{}' mixes uniform pages in twice", name_), "both would toss the same coin",
                      "mix once, with the larger share");
  }
}

void UniformMixture::rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  inner_->rank(requests, slates);
  std::vector<PolicyRequest> exploring;
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const PolicyRequest& request = requests[r];
    if (random_.uniform(request.user, request.time.session, request.time.page) >= epsilon_) continue;
    exploring.push_back(request);
    rows.push_back(r);
  }
  std::vector<Slate> drawn(rows.size());
  uniform_.rank(exploring, drawn);
  inner_->weigh(exploring, drawn);
  for (std::size_t e = 0; e < rows.size(); ++e) slates[rows[e]] = std::move(drawn[e]);
  for (std::size_t r = 0; r < requests.size(); ++r) mix(requests[r], slates[r]);
}

void UniformMixture::weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const {
  inner_->weigh(requests, slates);
  for (std::size_t r = 0; r < requests.size(); ++r) mix(requests[r], slates[r]);
}

/// From the probabilities of the inner policy to those of the mixture.
void UniformMixture::mix(const PolicyRequest& request, Slate& slate) const {
  const double explore = std::log(epsilon_), follow = std::log1p(-epsilon_);
  const auto candidates = static_cast<double>(request.candidates.size());
  double uniform = explore, inner = follow, before = 0;
  for (std::size_t k = 0; k < slate.items.size(); ++k) {
    uniform -= std::log(candidates - static_cast<double>(k));
    inner += slate.position_log_propensity[k];
    const double prefix = detail::log_add(uniform, inner);
    slate.position_log_propensity[k] = std::isinf(prefix) ? prefix : prefix - before;
    before = prefix;
  }
  slate.log_propensity = before;
  for (double& marginal : slate.position_log_marginal) {
    marginal = detail::log_add(explore - std::log(candidates), follow + marginal);
  }
}

}  // namespace coldframe
