#pragma once

#include <filesystem>

#include "framework/model/encoder.h"

namespace coldframe {

/// Writes the encoder as a folder that sentence-transformers loads: weights from the store; config, tokenizer and heads
/// we do not train from `source`; pooling in the old key form, which old and new releases read.
void write_sentence_transformers_folder(const std::filesystem::path& folder, const Encoder& encoder,
                                        const ParameterStore& parameters, const std::filesystem::path& source);

}  // namespace coldframe
