#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/text/token_id.h"
#include "framework/text/tokenizer_settings.h"

namespace coldframe::testing {

/// tests/golden/tokenizer, written by make_tokenizer_goldens.py.
std::filesystem::path golden_folder();
/// The default encoder, which may be absent.
std::filesystem::path minilm_folder();
/// A small MPNet, written by make_mpnet_goldens.py, and all-mpnet-base-v2, which may be absent.
std::filesystem::path tiny_mpnet_folder();
std::filesystem::path mpnet_folder();

std::vector<std::string> golden_lines();
std::vector<std::vector<TokenId>> golden_ids(const std::string& name);
/// First 16 hex digits of the SHA-256 of the ids as little-endian 32-bit words.
std::string ids_checksum(const std::vector<TokenId>& ids);

/// A handful of words: enough for examples by hand. Ids follow the order of the list in the .cpp.
TokenizerSettings tiny_settings();

}  // namespace coldframe::testing
