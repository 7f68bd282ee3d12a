#pragma once

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"

namespace coldframe {

/// Gives a log the items of `data`, row by row: an imported log knows those that it shows, in the order in which they
/// came. When they come and go is as the log says, else as `data` does. DataError for an item that `data` lacks.
void take_items_of(const Dataset& data, Dataset& log, ImpressionLog& shown);

}  // namespace coldframe
