#pragma once

#include <cstdint>
#include <filesystem>

#include "framework/model/encoder.h"

namespace coldframe {

/// What surrounds the transformer in a sentence-transformers folder. A plain Hugging Face folder (no modules.json) gets
/// mean pooling without normalisation, as sentence-transformers itself does.
struct EncoderFolder {
  std::filesystem::path root;         // as given: holds modules.json if anything does
  std::filesystem::path transformer;  // holds config.json, weights and vocabulary
  std::int64_t max_tokens = 0;        // of sentence_bert_config.json; 0 when it says nothing
  std::int64_t pooled_width = 0;      // of the pooling configuration; 0 when it says nothing
  Pooling pooling = Pooling::mean;
  Normalization normalization = Normalization::none;
};

/// Reads modules.json, the pooling configuration in its old and its new form, and sentence_bert_config.json; a missing
/// folder of the parameterless Normalize module is fine. DataError for modules that would change the embeddings in a
/// way we do not know.
EncoderFolder read_encoder_folder(const std::filesystem::path& folder);

}  // namespace coldframe
