#pragma once

#include <string>
#include <string_view>

#include "framework/data/dataset.h"
#include "framework/data/hdf5_file.h"

namespace coldframe::detail {

/// Items with their columns as a group of an HDF5 file.
void write_item_table(Hdf5File& file, std::string_view group, const EntityTable& items);
/// Throws DataError when it is damaged.
EntityTable read_item_table(const Hdf5File& file, std::string_view group);

}  // namespace coldframe::detail
