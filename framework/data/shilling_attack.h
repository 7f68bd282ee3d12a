#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/poisoning.h"
#include "framework/data/roles.h"

namespace coldframe {

/// A fake user: the profile of a real one of role T, and interactions of its own at one moment.
struct ShillingProfile {
  UserId likeness;             // whose attributes it shows
  std::vector<ItemId> items;   // distinct: targets, then selected ones, then fillers
  std::vector<float> ratings;  // by item; empty for implicit feedback
  std::int64_t time = 0;       // unix seconds; without timestamps 0
};

struct ShillingAttack {
  std::vector<ItemId> targets;  // ascending
  std::vector<ShillingProfile> profiles;
};

/// Push attacks (Lam and Riedl, "Shilling recommender systems for fun and profit", WWW 2004; Burke, Mobasher and
/// Bhaumik, "Limited knowledge shilling attacks", 2005; Mobasher et al., "Toward trustworthy recommender systems", ACM
/// TOIT 7(4), 2007). Every profile rates all targets with the highest rating, and
///   random     fillers ~ Normal(mean, deviation) of all ratings
///   average    fillers ~ Normal(mean, deviation) of the item's ratings (of all ratings where an item has none)
///   bandwagon  the most rated items with the highest rating, fillers as in random
///   segment    the items whose likers are most like the targets' (cosine over users, summed over targets) with the
///              highest rating, fillers with the lowest
/// Drawn ratings go to the nearest rating that occurs. All numbers are those of role T: an attacker sees no more than
/// training. Implicit feedback has no ratings: who is in a profile is all there is.
/// ConfigError for unknown targets, for more items than there are, and for a size that makes no profile; DataError when
/// role T has no interactions, or a segment no neighbours.
ShillingAttack plan_attack(const Dataset& dataset, const Roles& roles, const PoisoningOptions& options,
                           const LikeOptions& likes);

/// Appends the profiles as users of role T, behind all others; interactions are sorted again.
void add_profiles(Dataset& dataset, Roles& roles, const ShillingAttack& attack);

}  // namespace coldframe
