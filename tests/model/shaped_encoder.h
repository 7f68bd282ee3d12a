#pragma once

#include <ATen/ops/zeros.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "framework/core/json.h"
#include "framework/model/transformer_config.h"
#include "framework/model/transformer_encoder.h"
#include "framework/model/transformer_weights.h"
#include "framework/model/strategy.h"
#include "framework/model/weight_files.h"

namespace coldframe::test {

struct EncoderShape {
  std::int64_t layers, width, heads, inner_width;
  std::int64_t vocabulary = 30522, positions = 512;
};

constexpr EncoderShape k_minilm_shape = {6, 384, 12, 1536};
constexpr EncoderShape k_bert_base_shape = {12, 768, 12, 3072};

/// An encoder folder of that shape whose weights are all zero: counts depend on nothing else.
inline std::filesystem::path shaped_folder(const std::filesystem::path& parent, const EncoderShape& shape) {
  const std::filesystem::path folder = parent / ("shaped_" + std::to_string(shape.width));
  std::filesystem::create_directory(folder);
  write_json(folder / "config.json", {{"model_type", "bert"},
                                      {"hidden_size", shape.width},
                                      {"num_hidden_layers", shape.layers},
                                      {"num_attention_heads", shape.heads},
                                      {"intermediate_size", shape.inner_width},
                                      {"vocab_size", shape.vocabulary},
                                      {"max_position_embeddings", shape.positions},
                                      {"type_vocab_size", 2}});
  NamedTensors weights;
  for (const TensorShape& tensor : tensor_shapes(read_transformer_config(folder / "config.json"))) {
    weights.emplace_back(tensor.name, at::zeros(tensor.shape, at::TensorOptions().dtype(at::kFloat)));
  }
  write_weights(folder / "model.safetensors", weights);
  return folder;
}

/// The same encoder in memory: half a gigabyte of zeros need not go over a disk.
struct ShapedModel {
  explicit ShapedModel(const EncoderShape& shape) {
    const TransformerConfig config{.layers = shape.layers,
                                   .width = shape.width,
                                   .heads = shape.heads,
                                   .inner_width = shape.inner_width,
                                   .vocabulary = shape.vocabulary,
                                   .positions = shape.positions,
                                   .token_types = 2};
    for (const TensorShape& tensor : tensor_shapes(config)) {
      parameters.add({.name = tensor.name}, at::zeros(tensor.shape, at::TensorOptions().dtype(at::kFloat)));
    }
    encoder = std::make_unique<TransformerEncoder>(config, EncoderHead{.max_tokens = shape.positions}, parameters);
  }

  std::int64_t trainable(std::string_view kind, const Options& options) {
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    strategy = registry.require(kind).make(options);
    strategy->attach(*encoder, parameters, {});
    return parameters.trainable_count();
  }

  ParameterStore parameters;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<Strategy> strategy;
};

inline std::int64_t trainable_of(const EncoderShape& shape, std::string_view kind, const Options& options) {
  return ShapedModel(shape).trainable(kind, options);
}

}  // namespace coldframe::test
