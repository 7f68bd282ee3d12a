#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/simulation/catalogue.h"
#include "framework/simulation/encoder_policy.h"
#include "framework/simulation/online_policy.h"
#include "framework/simulation/population.h"
#include "framework/simulation/vocabulary_drift.h"

namespace coldframe {

enum class BanditRule { greedy, ucb, thompson };

struct BanditOptions {
  BanditRule rule = BanditRule::ucb;
  double ridge = 1.0;  // pseudo-impressions without a click
  double width = 1.0;  // alpha of ucb, v of thompson
  std::uint64_t seed = 1;
  const VocabularyDrift* words =
      nullptr;  // features follow the words in which a profile is written; nullptr: they do not
};

/// One ridge regression of clicks on profile features x per item (D features, I items):
///   A_i = ridge 1 + sum x x', b_i = sum x click over the impressions of i, theta_i = A_i^-1 b_i, s_i = sqrt(x' A_i^-1
///   x)
/// greedy: x theta_i; ucb: x theta_i + width s_i (LinUCB with disjoint models, Li et al. 2010, arXiv 1003.0146);
/// thompson: a draw of x theta from N(theta_i, width^2 A_i^-1), that is x theta_i + width s_i z with z keyed by (user,
/// session, page, item) (Agrawal and Goyal 2013, arXiv 1209.3352). Shows the items of the highest values. Every shown
/// item counts as looked at, wherever it stood; ads on sold places do not count: others put them there. Before anything
/// is learned all items are equal. Thompson's pages have no closed-form probability: its logs carry no propensities.
class LinearBandit final : public OnlinePolicy {
 public:
  /// features [profiles, D] by profile_row, [2 profiles, D] with words; borrowed, as are catalogue and words.
  LinearBandit(std::string name, const VectorTable& features, const Catalogue& catalogue, const BanditOptions& options);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override {
    return options_.rule == BanditRule::thompson ? PolicyKind::stochastic : PolicyKind::deterministic;
  }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;
  void learn(std::span<const PageRow> pages) override;

 private:
  std::span<const float> features_of(std::uint64_t user, std::uint32_t profile, std::uint32_t period) const;
  double value(const PolicyRequest& request, std::span<const float> x, ItemId item) const;
  void solve(std::size_t item);

  std::string name_;
  const VectorTable* features_;
  const Catalogue* catalogue_;
  BanditOptions options_;
  TieBreak ties_;
  KeyedRandom random_;
  std::size_t width_;             // D
  std::vector<double> gram_;      // [I, D, D] A
  std::vector<double> inverse_;   // [I, D, D] A^-1
  std::vector<double> response_;  // [I, D] b
  std::vector<double> theta_;     // [I, D]
};

/// Features of every profile of a pool: 1 and the encoded attributes, projected to `dimension` by a keyed Gaussian
/// matrix when there are more.
VectorTable profile_features(const PopulationObservables& observables, std::size_t dimension, std::uint64_t seed);

/// Features from vectors of profiles [P, D] that an encoder made: 1 and d = min(D, dimension - 1) coordinates. Vectors
/// of one encoder have much in common, so their mean is taken off and what is left scaled to a mean square length of 1;
/// where that has more than d coordinates, a keyed Gaussian matrix [d, D] of variance 1 / d projects it.
VectorTable encoder_features(const VectorTable& profiles, std::size_t dimension, std::uint64_t seed);

}  // namespace coldframe
