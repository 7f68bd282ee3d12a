#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/roles.h"
#include "framework/evaluation/two_sample.h"
#include "framework/simulation/population.h"
#include "framework/simulation/taste_agreement.h"
#include "framework/simulation/twins.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

struct RealismOptions {
  std::size_t draws = 1024;         // prior draws of the held-out likelihood
  std::size_t popular_items = 100;  // the most liked items of W, between which co-occurrence is compared
  BootstrapOptions bootstrap = {.replicates = 400};
  ClassifierOptions classifier = {};  // its bootstrap is replaced by the one above
  std::size_t least_classified = 30;  // users; fewer are not told apart: AUC NaN
};

/// How one world compares with people it was not fitted on. Each number has its real reference: the same for the people
/// of W, as far from H as real people are. Intervals are over users; the fit of the world is taken as it is.
struct WorldRealism {
  std::string world;
  Estimate log_likelihood;  // per like of H, the latent state integrated out
  Estimate over_unigram;    // the same minus that of W's smoothed counts, paired by user
  TasteAgreement taste;
  Separation separation;  // of people of H (first sample) and their twins, by features of their likes
};

struct RealismReport {
  std::vector<WorldRealism> worlds;
  WorldRealism people;   // W instead of a world; log_likelihood is that of W's smoothed counts (unigram)
  WorldRealism renamed;  // the first world after its items exchanged names with others as popular: what is noticed
  std::vector<std::string> features;  // names of what separation.alone is about
  std::size_t held_out_users = 0;     // with likes
  std::size_t held_out_likes = 0;
};

/// The people of one role who like something, in the order of their keys, with attributes as the population encodes
/// them.
WorldData people_of(const Population& population, const Dataset& data, const Roles& roles, const Likes& likes,
                    Role role);

/// Compares worlds at lambda = 1 with role H. Features of likes are measured against W; in the row of people against
/// one half of W, for the other half. `progress` is told after every world. Throws DataError when W shares a person
/// with H or is not the W of `roles`.
RealismReport check_realism(const Population& population, const Dataset& data, const Roles& roles, const Likes& likes,
                            const RealismOptions& options = {}, const FitProgress& progress = {});

/// Twins of a world as check_realism() draws them.
WorldData twins_of(const Population& population, std::size_t world, const WorldData& people);
/// What they become when items exchange names with others as popular (rename_items by the likes of W).
WorldData renamed_twins(const Population& population, const WorldData& twins);

}  // namespace coldframe
