#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/core/config_value.h"

namespace coldframe::detail {

/// One thing found on a command line: `--name value`, or a word of its own (then the name is empty).
struct CommandLineToken {
  std::string name;
  std::vector<std::string> values;
  bool known = true;
};

/// Splits the arguments by Boost.Program_options, abbreviations and short options off. `fields` says which names take a
/// value (all but switches). ConfigError when a value is missing.
std::vector<CommandLineToken> tokenize(std::span<const std::string> arguments, const std::vector<FieldRecord>& fields);

}  // namespace coldframe::detail
