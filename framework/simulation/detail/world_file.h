#pragma once

#include <cstddef>

#include "framework/simulation/population.h"

namespace coldframe {
class Hdf5File;
}

namespace coldframe::detail {

/// The group /latents of a population file.
void write_worlds(Hdf5File& file, const PopulationLatents& latents);
PopulationLatents read_worlds(const Hdf5File& file);

/// Whether every table of a world has the size that items, groups and encoded attributes ask for, and holds numbers.
bool world_fits(const World& world, std::size_t items, std::size_t groups, std::size_t attribute_size);

}  // namespace coldframe::detail
