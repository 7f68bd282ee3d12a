#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/latents.h"
#include "framework/simulation/population.h"
#include "framework/simulation/softmax_world.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// Opens and makes latents in tests.
class LatentsProbe {
 public:
  static Latents make(std::uint32_t group, std::span<const double> state, std::span<const double> utilities) {
    return Latents(LatentKey(), group, state, utilities);
  }
  static std::span<const double> utilities(const Latents& latents) { return latents.utilities(LatentKey()); }
  static std::span<const double> state(const Latents& latents) { return latents.state(LatentKey()); }
};

/// A softmax world with strong, smooth structure in every part; satisfies the sum-to-zero constraints.
SoftmaxParameters known_softmax(std::size_t items, std::size_t groups, std::size_t dimension,
                                std::size_t attribute_size);

/// Likes drawn from a taste (with replacement, duplicates kept: the exact law of the likelihood).
WorldData draw_world_data(const TasteModel& taste, std::size_t users, std::size_t likes, std::size_t groups,
                          std::size_t attribute_size, std::uint64_t seed);

/// A data set of invented people of the shape of MovieLens: age (number), gender and occupation (categories), rated
/// items with timestamps.
Dataset invented_dataset(std::size_t users, std::size_t items, std::uint64_t seed);

/// A population over a known softmax world, without any fit: two attributes (gender, age band), group = gender.
Population small_population(std::size_t items, std::size_t dimension, double spread = 1.0);
Catalogue small_catalogue(std::size_t items);

}  // namespace coldframe
