#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "framework/core/options.h"
#include "framework/model/encoder.h"

namespace coldframe {

/// `[encoder]`: which pretrained encoder, and what overrides its folder.
struct EncoderOptions final : Options {
  std::string folder = ".deps/encoders/all-MiniLM-L6-v2";
  std::int64_t max_tokens = 0;       // 0: as the folder says
  std::string pooling = "folder";    // folder | mean | cls
  std::string normalize = "folder";  // folder | yes | no
  double hidden_dropout = -1;        // negative: as the folder says
  double attention_dropout = -1;
  std::string precision = "fp32";  // fp32 | bf16

  void describe(OptionVisitor& visitor) override;
};

/// Reads an encoder folder as Hugging Face or sentence-transformers ship it (config.json, model.safetensors or a
/// sharded index, optionally modules.json with pooling and normalisation) and adds its weights, frozen, to the store.
/// The store computes in the precision asked for. Families: bert, mpnet. Throws DataError naming file and key or
/// tensor.
std::unique_ptr<Encoder> load_encoder(const EncoderOptions& options, ParameterStore& parameters);

}  // namespace coldframe
