#include "framework/evaluation/count_distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace coldframe {

void CountDistribution::add(std::size_t count, double weight) {
  if (weights_.size() <= count) weights_.resize(count + 1, 0.0);
  weights_[count] += weight;
  total_ += weight;
}

void CountDistribution::add(const CountDistribution& other) {
  for (std::size_t count = 0; count < other.weights_.size(); ++count) {
    if (other.weights_[count] > 0) add(count, other.weights_[count]);
  }
}

double CountDistribution::mean() const {
  double sum = 0;
  for (std::size_t count = 0; count < weights_.size(); ++count) sum += static_cast<double>(count) * weights_[count];
  return sum / total_;
}

std::size_t CountDistribution::quantile(double p) const {
  double below = 0;
  std::size_t last = 0;
  for (std::size_t count = 0; count < weights_.size(); ++count) {
    if (weights_[count] == 0) continue;
    below += weights_[count];
    last = count;
    if (below > p * total_) break;
  }
  return last;
}

bool CountDistribution::constant() const {
  return std::ranges::count_if(weights_, [](double weight) { return weight > 0; }) <= 1;
}

double ks_distance(const CountDistribution& a, const CountDistribution& b) {
  if (a.total_ == 0 || b.total_ == 0) return std::numeric_limits<double>::quiet_NaN();
  double below_a = 0, below_b = 0, largest = 0;
  for (std::size_t count = 0; count < std::max(a.weights_.size(), b.weights_.size()); ++count) {
    if (count < a.weights_.size()) below_a += a.weights_[count];
    if (count < b.weights_.size()) below_b += b.weights_[count];
    largest = std::max(largest, std::abs(below_a / a.total_ - below_b / b.total_));
  }
  return largest;
}

}  // namespace coldframe
