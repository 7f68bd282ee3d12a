#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/comm/comm_options.h"
#include "framework/comm/group.h"
#include "framework/core/clock.h"
#include "framework/core/command_line.h"
#include "framework/core/config.h"
#include "framework/core/error.h"
#include "framework/core/provenance.h"

namespace coldframe {

/// How a run failed, for its record.
struct Failure {
  ExitCode code;
  std::string message;
};

/// What must hear of a failure before the process ends: a run record, once there is one.
class FailureHooks {
 public:
  void add(std::function<void(const Failure&)> hook) { hooks_.push_back(std::move(hook)); }
  /// Last added first. What a hook throws is lost: the first failure is the one to tell.
  void run(const Failure& failure) noexcept;

 private:
  std::vector<std::function<void(const Failure&)>> hooks_;
};

/// What a subcommand is given when it runs. Its own options are assigned by then, its sections loaded and checked.
struct Invocation {
  const CommandLine& line;
  const ResolvedConfig& config;
  const Provenance& provenance;
  const Clock& clock;
  const Group& group;    // of one rank unless the command asks for Ranks::many
  std::ostream& output;  // what the user asked for; everything else goes to the log
  FailureHooks& on_failure;
};

enum class Ranks { one, many };

struct SubcommandInfo {
  std::string usage;  // after "coldframe NAME": "--source NAME --input DIR --output FILE"
  std::string text;   // a paragraph for --help
  ConfigUse config = ConfigUse::none;
  Ranks ranks = Ranks::one;
  PositionalRule positional = {};
};

/// One verb of the command line. The application parses, helps, dumps and catches; a subcommand only says what it takes
/// and does its work.
class Subcommand {
 public:
  virtual ~Subcommand() = default;
  virtual SubcommandInfo info() const = 0;
  /// What stands on its command line without a section.
  virtual Options& options() = 0;
  /// The sections of its configuration.
  virtual void add_sections(ConfigSchema&) {}
  /// Deadlines between ranks from the loaded configuration; nullptr: the standard ones.
  virtual const CommOptions* comm() const { return nullptr; }
  virtual ExitCode run(const Invocation& invocation) = 0;
};

/// A line of the table in subcommands.cpp.
struct SubcommandEntry {
  std::string name;
  std::string summary;
  std::function<std::unique_ptr<Subcommand>()> make;
};

}  // namespace coldframe
