#pragma once

#include <cstdint>
#include <filesystem>

#include "framework/simulation/population.h"

namespace coldframe {

inline constexpr std::int64_t k_population_format_version = 1;

/// Groups: /observables (attribute law, profile pool with hashes, calendar), /latents (worlds), /roles (W), /card; seed
/// and format version are attributes of the root. The file appears complete or not at all.
void write_population(const std::filesystem::path& path, const Population& population);

/// Throws ConfigError for no path, IoError, or DataError for another format version, damaged texts, or worlds whose shapes do not fit.
Population read_population(const std::filesystem::path& path);

}  // namespace coldframe
