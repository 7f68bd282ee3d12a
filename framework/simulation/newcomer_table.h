#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "framework/simulation/population.h"
#include "framework/simulation/population_mix.h"

namespace coldframe {

/// Writes newcomers [first, first + count) of a population as rows for other programs: /newcomers/number, arrival (unix
/// seconds), period and profile (row of /profiles), and /profiles with the attribute values as they are written and
/// the text of every profile (an attribute called `text` becomes `text_`). Observables only. Rows are made and written
/// in chunks, so memory does not grow with `count`. `mix` says how profiles of later periods differ (nullptr: not at
/// all). The file appears complete or not at all.
void write_newcomer_table(const std::filesystem::path& path, const Population& population, std::uint64_t first,
                          std::uint64_t count, const std::function<void(std::uint64_t rows)>& progress = {},
                          const PopulationMix* mix = nullptr);

}  // namespace coldframe
