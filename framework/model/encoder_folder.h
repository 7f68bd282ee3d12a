#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "framework/model/encoder.h"

namespace coldframe {

/// What surrounds the transformer in a sentence-transformers folder. A plain Hugging Face folder (no modules.json) gets
/// mean pooling without normalisation, as sentence-transformers itself does.
struct EncoderFolder {
  std::filesystem::path root;         // as given: holds modules.json if anything does
  std::filesystem::path transformer;  // holds config.json, weights and vocabulary
  std::int64_t max_tokens = 0;        // of sentence_bert_config.json; 0 when it says nothing
  Pooling pooling = Pooling::mean;
  Normalization normalization = Normalization::none;
};

EncoderFolder read_encoder_folder(const std::filesystem::path& folder);

}  // namespace coldframe
