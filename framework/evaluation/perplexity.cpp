#include "framework/evaluation/perplexity.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace coldframe {

void Perplexity::add(std::span<const double> p) {
  if (log2_sum_.size() < p.size()) {
    log2_sum_.resize(p.size(), 0.0);
    pages_.resize(p.size(), 0);
  }
  for (std::size_t k = 0; k < p.size(); ++k) {
    log2_sum_[k] += std::log2(p[k]);
    ++pages_[k];
  }
}

std::vector<double> Perplexity::by_position() const {
  std::vector<double> out;
  for (std::size_t k = 0; k < pages_.size(); ++k) {
    out.push_back(std::exp2(-log2_sum_[k] / static_cast<double>(pages_[k])));
  }
  return out;
}

double Perplexity::mean() const {
  if (pages_.empty()) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> all = by_position();
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

}  // namespace coldframe
