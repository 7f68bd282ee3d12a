#pragma once

#include <span>
#include <vector>

#include "framework/training/bulk_encoder.h"

namespace coldframe {

/// The score of every item for a user vector u, by cosine, optionally over the temperature with an item prior:
///   s(u, i) = scale u . v_i + weight prior_i
/// Shared by evaluation and recommendation. Thread-safe once the prior is set.
class ItemScores {
 public:
  explicit ItemScores(EncodedTexts items) : items_(std::move(items)) {}

  /// Empty prior: the pure text score, whatever the scale.
  void set_prior(double scale, double weight, std::vector<float> prior);
  /// user [D], scores [I]
  void score(std::span<const float> user, std::span<float> scores) const;

  const EncodedTexts& items() const { return items_; }

 private:
  EncodedTexts items_;
  double scale_ = 1;
  double weight_ = 0;
  std::vector<float> prior_;
};

}  // namespace coldframe
