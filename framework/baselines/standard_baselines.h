#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

/// The rows that stand in every table: random, popularity, popularity by similar attributes, item-kNN, EASE, item
/// prior, attribute regression, factor fold-in, TF-IDF content (when item texts are given), in this order. EASE is left
/// out where the catalogue is larger than its dense inverse is made for. Defaults: EASE as the protocol states it;
/// item-kNN from a small grid on role V of MovieLens-100K.
std::vector<std::unique_ptr<Baseline>> standard_baselines(const TrainingLikes& training, const EntityTable& users,
                                                          const std::vector<std::uint64_t>& item_keys,
                                                          std::uint64_t seed,
                                                          const std::vector<std::string>& item_texts = {});

}  // namespace coldframe
