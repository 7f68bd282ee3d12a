#pragma once

#include <cstddef>

#include "framework/data/dataset.h"
#include "framework/simulation/population.h"

namespace coldframe {

/// Gives a population that was made from `data` this many items beyond those of `data`, in every world (add_items()),
/// with attributes like theirs (draw_synthetic_items()); the card gets a line for each kind of world. Nobody of W liked
/// them. Throws ConfigError when a world is a chain or there are such items already, DataError when an item of the data
/// has the id of one.
void enlarge_population(Population& population, const Dataset& data, std::size_t items);

}  // namespace coldframe
