#pragma once

#include <filesystem>

#include "framework/reporting/run_record.h"

namespace coldframe {

/// TensorBoard looks for "tfevents" in a file's name.
inline constexpr const char* k_tensorboard_name = "events.out.tfevents.coldframe";

/// Writes the metrics as a TensorBoard event file: per record one Event with a scalar `KIND/COLUMN` for every value
/// that is there. Format: TensorFlow record framing (length and data, each followed by a masked CRC-32C) around
/// protobuf messages Event {1: wall_time, 2: step, 3: file_version, 5: Summary {1: Value {1: tag, 2: simple_value}}}.
/// Wall time of a record: `start_seconds` (since 1970) plus the sum of `time.seconds` so far. Atomic; replaces.
void write_tensorboard(const std::filesystem::path& path, const MetricsTable& metrics, double start_seconds = 0.0);

}  // namespace coldframe
