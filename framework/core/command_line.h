#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/core/config.h"
#include "framework/core/options.h"

namespace coldframe {

/// What may stand on a command line without a `--name` before it.
struct PositionalRule {
  std::string name;  // the option it fills: "run"; empty: nothing may
};

/// A parsed command line: the command's own options are assigned to their struct, the rest is here.
struct CommandLine {
  ConfigSources sources;  // --config FILE (any number) and --section.key=value
  bool help = false;
  bool dump_config = false;
};

enum class ConfigUse { none, allowed };

/// `--name value` and `--name=value`; switches (bool options) need no value; lists repeat. No abbreviations are
/// guessed. All problems in one ConfigError. Range and choices are checked, validate() is called unless help is asked
/// for. With a schema, an unknown `--key` is answered by the place of that key.
CommandLine parse_command_line(std::span<const std::string> arguments, Options& options, ConfigUse config,
                               const PositionalRule& positional = {}, const ConfigSchema* schema = nullptr);

/// Lines of `--name  doc (unit, range, default)` for --help.
std::string options_help(Options& options);

}  // namespace coldframe
