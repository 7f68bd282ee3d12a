#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/tie_break.h"

namespace coldframe {

/// The place of an item, from 1, among all items that are not masked; equal scores in the order of the tie breaker.
/// scores [I].
std::size_t place_of(UserKey user, std::span<const float> scores, std::span<const ItemId> masked, ItemId item,
                     const TieBreak& ties);

/// Where the targets of a push attack stand for one user: what is left of them where the user has not met them already
/// (Mobasher et al., ACM TOIT 7(4), 2007, measure hit ratios over users who have not rated the target).
struct TargetPlaces {
  std::size_t targets = 0;  // that are candidates of this user; with 0 the rest says nothing
  double hits = 0;          // share of them in the first k places
  double place = 0;         // mean
  double score = 0;         // mean
};
TargetPlaces target_places(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                           std::span<const ItemId> targets, std::size_t k, const TieBreak& ties);

/// One user under the clean model (first) and under the one that learned from a poisoned log.
struct PushedUser {
  UserKey user;
  double utility[2] = {};
  TargetPlaces places[2];
};

/// Rows of one user in several pairs of models (training seeds) become their mean; users in ascending order of their
/// keys. Pairs in which the user has no candidate among the targets count for the utility alone.
std::vector<PushedUser> mean_by_user(std::vector<PushedUser> rows);

}  // namespace coldframe
