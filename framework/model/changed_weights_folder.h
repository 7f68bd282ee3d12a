#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "framework/model/parameters.h"
#include "framework/model/peft_folder.h"

namespace coldframe {

/// Trained weights of an encoder without the rest of it. changed_weights.safetensors holds them under the names that
/// they have in the checkpoint, so `model.load_state_dict(load_file(FILE), strict=False)` on the encoder as it came is
/// all that another library needs. changed_weights.json names the strategy, the encoder by folder and checksum, and the
/// checksum of the file beside it. The folder appears complete or not at all.
void write_changed_weights(const std::filesystem::path& folder, std::string_view kind, const AdapterBase& base,
                           const std::vector<ParameterIndex>& weights, const ParameterStore& parameters);

/// Reads them back once everything fits. DataError for another encoder than that of `base_sha256`, for files that do
/// not belong together, and for a tensor that is missing, misshapen or not among `weights`.
void read_changed_weights(const std::filesystem::path& folder, std::string_view base_sha256,
                          const std::vector<ParameterIndex>& weights, ParameterStore& parameters);

}  // namespace coldframe
