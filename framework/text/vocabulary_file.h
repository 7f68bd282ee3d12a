#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "framework/text/token_id.h"

namespace coldframe {

/// Reads a vocab.txt: UTF-8, one token per line, the line number from 0 is the id. Carriage returns (a copy made on
/// Windows would match no word), empty lines and repeated tokens are DataErrors that name the line.
std::vector<std::pair<std::string, TokenId>> read_vocabulary_file(const std::filesystem::path& path);

}  // namespace coldframe
