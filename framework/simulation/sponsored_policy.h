#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/evaluation/tie_break.h"
#include "framework/simulation/ad_market.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/oracle.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/user_model.h"

namespace coldframe {

// Pages with ads. The other places hold the beginning of the page that a policy would show without ads, in its order.
// Ads are the items of the inventory among the candidates that do not stand there anyway; a sold place for which there
// is no ad stays with the policy: how many places it fills follows from those filled already.
// Propensities of a slate with ads are those of the other places, which the policy fills without looking at ads: of
// each given the others above it, as without ads; NaN on sold places. Their sum is the probability of everything that
// the policy put there. What fills the sold places follows from that, the request, and draws of its own, so that it
// cancels in the ratio of two policies under one rule. Marginals are there where there are always enough ads.

/// Who fills the sold places.
enum class AdRule {
  random,   // drawn, keyed by user, page and item
  price,    // the dearest ads, from the top
  revenue,  // the largest price x estimated chance of a click when shown alone, from the top
  optimal   // best_ads() under the estimated utilities
};

/// What places ads; borrowed but for utilities and ties.
struct AdSetting {
  const AdMarket& market;
  const UserModel& model;         // the law of choice, position effects included, is known
  std::vector<double> utilities;  // [I] estimated, the same for everybody
  TieBreak ties;
  std::uint64_t seed = 1;
  const Catalogue& catalogue;
};

/// What a platform knows of utilities v_i = log(I p(i|u)) from likes [I] of others: log(I (n_i + 1) / (sum n + I)).
std::vector<double> estimated_utilities(std::span<const float> likes);

class SponsoredPolicy final : public Policy {
 public:
  SponsoredPolicy(std::string name, std::shared_ptr<const Policy> inner, AdRule rule, const AdSetting& setting);
  const std::string& name() const override { return name_; }
  /// Of the places that are not sold.
  PolicyKind kind() const override { return inner_->kind(); }
  void rank(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;
  /// ConfigError: what is known are propensities of the places that the inner policy fills; ask that one about them.
  void weigh(std::span<const PolicyRequest> requests, std::span<Slate> slates) const override;

 private:
  std::string name_;
  std::shared_ptr<const Policy> inner_;
  AdRule rule_;
  AdSetting setting_;
  std::vector<double> alone_;  // [I] estimated chance of a click on the item alone
  KeyedRandom random_;
};

/// The ceiling of what ads bring on the pages of a policy: best_ads() under the utilities that the user has.
class SponsoredOracle final : public LatentPolicy {
 public:
  SponsoredOracle(std::string name, std::shared_ptr<const Policy> inner, const AdSetting& setting);
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return inner_->kind(); }
  void rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
            std::span<Slate> slates) const override;

 private:
  std::string name_;
  std::shared_ptr<const Policy> inner_;
  AdSetting setting_;
};

}  // namespace coldframe
