#pragma once

#include <memory>

#include "framework/simulation/taste_model.h"

namespace coldframe {

/// choose: a newcomer has one of two tastes. mix: a newcomer has both at once.
enum class Blend { choose, mix };

/// Two tastes over the same items, the second with weight w in [0, 1]. Both states come from the same luck.
///   choose: the second with probability w;   mix: p(i | u) = (1 - w) p_1(i | u) + w p_2(i | u).
/// Latent state: those of the two, then 1 for the second taste or 0. Borrows the tastes.
std::unique_ptr<TasteModel> make_blended_taste(const TasteModel& first, const TasteModel& second, double weight,
                                               Blend blend);

}  // namespace coldframe
