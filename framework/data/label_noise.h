#pragma once

#include <cstddef>

#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/poisoning.h"
#include "framework/data/roles.h"

namespace coldframe {

/// Changes interactions of role T, each by chance with probability `label_noise_share`; returns how many:
///   flip     a like gets the highest rating that is none, anything else the lowest rating that is one
///   replace  the item of a like becomes one that the user has no interaction with, uniformly; rating and time stay
/// Whether and how a row changes is a function of (seed, user, item) alone, and rows changed at a lower share are
/// changed at a higher one as well. ConfigError for `flip` without ratings, DataError when no rating stands on one side
/// of the threshold, or a user has met every item.
std::size_t add_label_noise(Dataset& dataset, const Roles& roles, const PoisoningOptions& options,
                            const LikeOptions& likes);

}  // namespace coldframe
