#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "framework/data/dataset.h"

namespace coldframe {

/// Rows of a table by the values of one attribute: what `segments` calls a segment is the rows that carry a value, or
/// lie in a band of numbers.
struct AttributeSegments {
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  std::vector<std::string> names;   // "F", "18 to 24"
  std::vector<std::size_t> of_row;  // [rows] segment, or none
};

/// Segments by an attribute. Categories: `order` names them, or the `count` most frequent values (0: all) are taken,
/// ties by name; of a row with several values the first segment in that order counts. Numbers: `count` bands with as
/// equal numbers of rows as equal values allow; `order` must be empty.
/// ConfigError for an attribute that the table lacks or that is free text, for an unknown value, or for a single
/// segment. `table_name` ("users") is for messages.
AttributeSegments attribute_segments(const EntityTable& table, const std::string& attribute, std::size_t count,
                                     const std::vector<std::string>& order, const std::string& table_name);

}  // namespace coldframe
