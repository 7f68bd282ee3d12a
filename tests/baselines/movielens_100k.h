#pragma once

#include <filesystem>
#include <optional>

#include "framework/data/dataset.h"

namespace coldframe::testing {

/// The folder with ml-100k.inter, .user and .item, or nothing on a machine that has not got the data.
std::optional<std::filesystem::path> movielens_100k_folder();

/// MovieLens-100K read by a few lines that share nothing with the importers: ids, user attributes and interactions.
Dataset read_movielens_100k(const std::filesystem::path& folder);

}  // namespace coldframe::testing
