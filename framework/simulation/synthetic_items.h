#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/data/dataset.h"

namespace coldframe {

struct SyntheticItemOptions {
  std::size_t count = 0;
  double smoothing = 0.1;  // share of values that come from another item than the rest of the row
  std::uint64_t seed = 1;
};

/// Items that nobody has met, with the columns of a catalogue and attributes from its smoothed law: the row of an item
/// drawn by keyed hash, in which every category, every number and each of several categories is with probability
/// `smoothing` that of another item, and numbers move by a normal kernel (Silverman's bandwidth), within their range
/// and whole where all are. Texts have as many words as the row's, each a word of that column of any item: they look
/// like the others and say nothing. Ids are "synthetic-1", ...; throws DataError when the catalogue has such ids.
EntityTable draw_synthetic_items(const EntityTable& items, const SyntheticItemOptions& options);

/// Adds items that were always there to a data set; nobody has met them. Throws DataError unless the columns are those
/// of the data set.
void append_items(Dataset& data, const EntityTable& items);

}  // namespace coldframe
