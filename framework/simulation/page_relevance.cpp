#include "framework/simulation/page_relevance.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace coldframe {
namespace {

double discounted_gain(const UserModel& model, std::span<const double> utilities) {
  double sum = 0;
  for (std::size_t k = 0; k < utilities.size(); ++k) {
    sum += expected_reward(model, utilities.subspan(k, 1)) / std::log2(static_cast<double>(k + 2));
  }
  return sum;
}

}  // namespace

double page_relevance(const UserModel& model, std::span<const double> shown, std::span<const double> candidates) {
  std::vector<double> best(std::min(shown.size(), candidates.size()));
  std::ranges::partial_sort_copy(candidates, best, std::greater<>());
  const double most = discounted_gain(model, best);
  return most > 0 ? discounted_gain(model, shown) / most : 1.0;
}

}  // namespace coldframe
