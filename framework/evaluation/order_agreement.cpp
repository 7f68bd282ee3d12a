#include "framework/evaluation/order_agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/core/error.h"
#include "framework/evaluation/ranking_stability.h"
#include "framework/evaluation/significance.h"

namespace coldframe {
namespace {

constexpr double k_undefined = std::numeric_limits<double>::quiet_NaN();

double tau_or_nan(std::span<const double> a, std::span<const double> b) {
  return kendall_tau(a, b).value_or(k_undefined);
}

/// Weighted sums [policies], which rank as the means do.
std::vector<double> sums(const PolicyValues& side, std::span<const double> weights) {
  std::vector<double> out;
  for (const std::vector<double>& policy : side.values) {
    out.push_back(std::inner_product(policy.begin(), policy.end(), weights.begin(), 0.0));
  }
  return out;
}

/// Poisson weights of all users of a side, replicate by replicate.
class SideWeights {
 public:
  SideWeights(const PolicyValues& side, const BootstrapOptions& options)
      : drawn_(side.users.size(), std::vector<std::uint8_t>(options.replicates)), weights_(side.users.size()) {
    const KeyedRandom random(options.seed, Purpose::bootstrap);
    for (std::size_t u = 0; u < drawn_.size(); ++u) fill_bootstrap_weights(random, side.users[u], drawn_[u]);
  }
  std::span<const double> of(std::size_t replicate) {
    for (std::size_t u = 0; u < drawn_.size(); ++u) weights_[u] = drawn_[u][replicate];
    return weights_;
  }

 private:
  std::vector<std::vector<std::uint8_t>> drawn_;
  std::vector<double> weights_;
};

void check(const PolicyValues& real, const PolicyValues& simulated) {
  if (real.values.size() != simulated.values.size() || real.values.size() < 3) {
    throw DataError(fmt::format("order of {} and {} policies", real.values.size(), simulated.values.size()),
                    "an order needs the same three policies at least", "name more policies");
  }
  for (const PolicyValues* side : {&real, &simulated}) {
    for (const std::vector<double>& policy : side->values) {
      if (policy.size() != side->users.size()) {
        throw DataError(fmt::format("{} values of a policy for {} users", policy.size(), side->users.size()),
                        "every user needs one");
      }
    }
  }
}

void add_interval(const PolicyValues& real, const PolicyValues& simulated, const BootstrapOptions& options,
                  Estimate& tau) {
  SideWeights first(real, options), second(simulated, options);
  std::vector<double> replicates;
  for (std::size_t b = 0; b < options.replicates; ++b) {
    const double value = tau_or_nan(sums(real, first.of(b)), sums(simulated, second.of(b)));
    if (std::isfinite(value)) replicates.push_back(value);
  }
  tau.undefined_replicates = options.replicates - replicates.size();
  const double tail = 0.5 * (1.0 - options.level);
  if (static_cast<double>(tau.undefined_replicates) > tail * static_cast<double>(options.replicates)) return;
  std::sort(replicates.begin(), replicates.end());
  tau.standard_error = std::sqrt(sample_variance(replicates));
  tau.interval = Interval{sorted_quantile(replicates, tail), sorted_quantile(replicates, 1.0 - tail)};
}

void add_null(std::span<const double> real, std::vector<double> simulated, const OrderOptions& options,
              OrderAgreement& agreement) {
  const KeyedRandom random(options.bootstrap.seed, Purpose::permutation);
  std::vector<double> taus;
  std::size_t as_high = 0;
  for (std::size_t b = 0; b < options.permutations; ++b) {
    for (std::size_t p = simulated.size(); p > 1; --p) {
      const std::uint32_t word = random.block(UserKey(b), 0, 0, static_cast<std::uint32_t>(p))[0];
      std::swap(simulated[p - 1], simulated[uniform_below(word, static_cast<std::uint32_t>(p))]);
    }
    taus.push_back(tau_or_nan(real, simulated));
    as_high += taus.back() >= agreement.tau.value - 1e-12 ? 1 : 0;
  }
  agreement.p_value = static_cast<double>(1 + as_high) / static_cast<double>(1 + options.permutations);
  if (taus.empty()) return;
  std::sort(taus.begin(), taus.end());
  const double tail = 0.5 * (1.0 - options.bootstrap.level);
  agreement.null = {sorted_quantile(taus, tail), sorted_quantile(taus, 1.0 - tail)};
}

double halves_agree(const PolicyValues& side, const OrderOptions& options) {
  const KeyedRandom random(options.bootstrap.seed, Purpose::subsample);
  std::vector<double> first(side.users.size()), second(side.users.size());
  double sum = 0;
  std::size_t defined = 0;
  for (std::size_t h = 0; h < options.halvings; ++h) {
    for (std::size_t u = 0; u < first.size(); ++u) {
      first[u] = random.block(side.users[u], 0, 0, static_cast<std::uint32_t>(h))[0] % 2 == 0 ? 1.0 : 0.0;
      second[u] = 1.0 - first[u];
    }
    const double value = tau_or_nan(sums(side, first), sums(side, second));
    if (!std::isfinite(value)) continue;
    sum += value;
    ++defined;
  }
  return defined == 0 ? k_undefined : sum / static_cast<double>(defined);
}

}  // namespace

std::vector<double> PolicyValues::means() const {
  std::vector<double> out = sums(*this, std::vector<double>(users.size(), 1.0));
  for (double& value : out) value /= static_cast<double>(users.size());
  return out;
}

OrderAgreement order_agreement(const PolicyValues& real, const PolicyValues& simulated, const OrderOptions& options) {
  check(real, simulated);
  OrderAgreement agreement;
  agreement.policies = real.values.size();
  agreement.tau.users = real.users.size();
  agreement.of_halves = halves_agree(real, options);
  const std::vector<double> first = real.means(), second = simulated.means();
  agreement.tau.value = tau_or_nan(first, second);
  if (!std::isfinite(agreement.tau.value)) return agreement;
  add_interval(real, simulated, options.bootstrap, agreement.tau);
  add_null(first, second, options, agreement);
  return agreement;
}

}  // namespace coldframe
