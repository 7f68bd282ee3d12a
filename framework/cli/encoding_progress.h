#pragma once

#include <string>

#include "framework/core/clock.h"
#include "framework/training/bulk_encoder.h"

namespace coldframe {

/// Lets the root draw a progress line under `label` while texts are encoded. The encoder may be copied; borrows the
/// clock.
void show_progress(BulkEncoder& encoder, const Group& group, const Clock& clock, std::string label);

}  // namespace coldframe
