#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/simulation/taste_model.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// log of the mean likelihood of each user's likes over keyed prior draws of the latent state [users]; natural
/// logarithm, not divided by the number of likes.
std::vector<double> held_out_log_likelihoods(const TasteModel& taste, const WorldData& data, std::size_t draws,
                                             std::uint64_t seed);

}  // namespace coldframe
