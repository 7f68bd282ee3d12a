#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

/// The rows that stand in every table: random, popularity, popularity by similar attributes, item-kNN, EASE, item
/// prior, in this order. EASE is left out where the catalogue is larger than its dense inverse is made for. Defaults: EASE as the protocol states it; item-kNN from a small grid on role V of
/// MovieLens-100K.
std::vector<std::unique_ptr<Baseline>> standard_baselines(const TrainingLikes& training, const EntityTable& users,
                                                          std::vector<std::uint64_t> item_keys, std::uint64_t seed);

}  // namespace coldframe
