#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "framework/data/dataset.h"
#include "framework/text/text_noise.h"

namespace coldframe {

struct KeyedRow {
  std::size_t row = 0;
  NoiseKey key;
};

/// The table in which, of every named row, the columns that the template reads are left empty, each with probability
/// `severity` (missing_fields). Columns that the template does not read stay, and so do all other rows.
EntityTable with_missing_fields(EntityTable table, const std::string& pattern, const std::string& pattern_key,
                                double severity, std::span<const KeyedRow> rows);

}  // namespace coldframe
