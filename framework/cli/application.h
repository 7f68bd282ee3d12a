#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "framework/cli/subcommand.h"

namespace coldframe {

/// The whole program but for main(): finds the subcommand, parses, loads the configuration, joins the other ranks where
/// the command asks for it, runs, and is the one place where errors are caught. Each becomes a line `coldframe: error:
/// ...`, an entry in the run record if there is one, and the exit code of docs/guide/exit-codes.md.
class Application {
 public:
  Application(std::vector<SubcommandEntry> commands, const Clock& clock, std::string revision, std::ostream& output);

  /// `arguments` without the program's name; returns what main() returns.
  int run(std::span<const std::string> arguments);

 private:
  ExitCode dispatch(std::span<const std::string> arguments);
  int run_command(const SubcommandEntry& entry, std::span<const std::string> arguments);
  std::string usage() const;

  std::vector<SubcommandEntry> commands_;
  const Clock& clock_;
  std::string revision_;
  std::ostream& output_;
};

}  // namespace coldframe
