#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/model/parameters.h"
#include "framework/model/transformer_config.h"
#include "framework/model/weight_files.h"

namespace coldframe {

struct TensorShape {
  std::string name;
  std::vector<std::int64_t> shape;
};

/// Every weight of an encoder under its checkpoint name (without "bert."), in the order of the parameter store.
std::vector<TensorShape> tensor_shapes(const TransformerConfig& config);

/// Reads model.safetensors, or the shards of model.safetensors.index.json, into the store as frozen float32 parameters.
/// Knows the prefix of the family ("bert.") and the old names gamma and beta; leaves out heads and buffers. DataError
/// naming file and tensor for a missing, extra, misshapen or non-finite one.
void load_transformer_weights(const std::filesystem::path& folder, const TransformerConfig& config,
                              ParameterStore& parameters);

/// The pooler of a folder that has one, by canonical name: carried over into exports, so that they lack nothing.
NamedTensors read_pooler(const std::filesystem::path& folder, const EncoderFamily& family);

}  // namespace coldframe
