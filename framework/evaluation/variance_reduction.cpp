#include "framework/evaluation/variance_reduction.h"

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

void VarianceReduction::Moments::add(double value) {
  sum.add(value);
  squares.add(value * value);
}

double VarianceReduction::Moments::variance(std::uint64_t users) const {
  const auto n = static_cast<double>(users);
  const double mean = sum.value() / n;
  return std::max(squares.value() / n - mean * mean, 0.0);
}

VarianceReduction::VarianceReduction(std::size_t policies, std::size_t reference)
    : policies_(policies), reference_(reference), moments_(policies * kinds) {
  if (reference >= policies) throw DataError("variance reduction without a reference", "it is none of the policies");
}

void VarianceReduction::add(std::span<const double> sampled, std::span<const double> closed_form) {
  for (std::size_t p = 0; p < policies_; ++p) {
    Moments* moments = moments_.data() + p * kinds;
    moments[closed].add(closed_form[p]);
    moments[closed_difference].add(closed_form[p] - closed_form[reference_]);
    moments[sampled_difference].add(sampled[p] - sampled[reference_]);
  }
  ++users_;
}

std::vector<std::uint64_t> VarianceReduction::state() const {
  std::vector<std::uint64_t> words = {users_};
  for (const Moments& moments : moments_) {
    for (const UserSum* sum : {&moments.sum, &moments.squares})
      words.insert(words.end(), {sum->state()[0], sum->state()[1]});
  }
  return words;
}

void VarianceReduction::merge_state(std::span<const std::uint64_t> state) {
  if (state.size() != 1 + 4 * moments_.size()) {
    throw DataError("sums of variance reduction cannot be added", "they are of another number of policies");
  }
  users_ += state[0];
  std::size_t at = 1;
  for (Moments& moments : moments_) {
    for (UserSum* sum : {&moments.sum, &moments.squares}) {
      sum->merge(UserSum::from_state({state[at], state[at + 1]}));
      at += 2;
    }
  }
}

VarianceReduction::Factors VarianceReduction::factors(std::size_t policy) const {
  // Below this a variance is what rounding left of equal rates.
  constexpr double k_nothing = 1e-15;
  if (policy == reference_ || users_ < 2) return {};
  const double paired = of(policy, closed_difference).variance(users_);
  if (paired < k_nothing) return {};
  const double apart = of(policy, closed).variance(users_) + of(reference_, closed).variance(users_);
  Factors factors{apart / paired, {}};
  const double sampled = of(policy, sampled_difference).variance(users_);
  if (sampled >= k_nothing) factors.closed_form = sampled / paired;
  return factors;
}

}  // namespace coldframe
