#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/roles.h"
#include "framework/simulation/population.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

struct RealismOptions {
  std::size_t draws = 1024;         // prior draws of the held-out likelihood
  std::size_t popular_items = 100;  // the most liked items of W, between which co-occurrence is compared
};

/// How one world compares with people it was not fitted on. Each number has its real reference: the same for the people
/// of W, as far from H as real people are.
struct WorldRealism {
  std::string world;
  double log_likelihood = 0;       // per like of H, the latent state integrated out
  double popularity_distance = 0;  // total variation between the likes of twins and of H, 0 .. 1
  double co_occurrence = 0;        // correlation of standardised pair excesses, -1 .. 1; by chance 0
  double group_taste = 0;          // correlation of the groups' departures from the shares of all; NaN: one group
};

struct RealismReport {
  std::vector<WorldRealism> worlds;
  WorldRealism people;             // W instead of a world; log_likelihood is that of W's smoothed counts (unigram)
  std::size_t held_out_users = 0;  // with likes
  std::size_t held_out_likes = 0;
};

/// Compares worlds at lambda = 1 with role H. A twin of each user of H has the same attributes and as many likes, drawn
/// from the world without replacement; so activity is copied, not tested. Throws DataError when W shares a person with
/// H or is not the W of `roles`.
RealismReport check_realism(const Population& population, const Dataset& data, const Roles& roles, const Likes& likes,
                            const RealismOptions& options = {});

/// Twins of the users of `real` in a world; `stream` names the draw.
WorldData draw_twins(const TasteModel& taste, const WorldData& real, std::uint64_t seed, std::uint32_t stream = 0);

/// Total variation distance between the shares of likes.
double popularity_distance(const WorldData& a, const WorldData& b);
/// Correlation over pairs of `items` of (together - expected) / sqrt(expected), expected under independent likes.
double co_occurrence_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items);
/// Correlation over groups and `items` of the shares of a group minus those of all; NaN with one group.
double group_agreement(const WorldData& a, const WorldData& b, std::span<const std::uint32_t> items);

}  // namespace coldframe
