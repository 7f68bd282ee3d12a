#pragma once

#include <filesystem>

#include "framework/text/tokenizer_settings.h"

namespace coldframe {

/// Reads a tokenizer.json of the BERT kind: BertNormalizer, BertPreTokenizer, WordPiece, and a post-processor that puts
/// fixed tokens around a text. Anything else is one DataError that says what was found. Truncation, padding and decoder
/// are ignored. Roles of tokens and the length limit stand elsewhere and are left unset.
TokenizerSettings read_tokenizer_json(const std::filesystem::path& path);

}  // namespace coldframe
