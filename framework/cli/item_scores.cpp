#include "framework/cli/item_scores.h"

namespace coldframe {
namespace {

/// Sixteen interleaved partial sums: a fixed order that the compiler can keep in vector registers.
float dot(std::span<const float> a, std::span<const float> b) {
  float partial[16] = {};
  std::size_t i = 0;
  for (; i + 16 <= a.size(); i += 16) {
    for (std::size_t lane = 0; lane < 16; ++lane) partial[lane] += a[i + lane] * b[i + lane];
  }
  for (std::size_t lane = 0; i < a.size(); ++i, ++lane) partial[lane] += a[i] * b[i];
  float sum = 0;
  for (const float value : partial) sum += value;
  return sum;
}

}  // namespace

void ItemScores::set_prior(double scale, double weight, std::vector<float> prior) {
  scale_ = prior.empty() ? 1.0 : scale;
  weight_ = weight;
  prior_ = std::move(prior);
}

void ItemScores::score(std::span<const float> user, std::span<float> scores) const {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    float score = dot(items_.row(i), user);
    if (!prior_.empty()) score = static_cast<float>(scale_) * score + static_cast<float>(weight_) * prior_[i];
    scores[i] = score;
  }
}

}  // namespace coldframe
