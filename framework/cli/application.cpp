#include "framework/cli/application.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>

#include "framework/cli/configuration_page.h"
#include "framework/cli/failure.h"
#include "framework/comm/agreed_error.h"
#include "framework/comm/launch.h"
#include "framework/core/log.h"
#include "framework/core/nearest.h"
#include "framework/core/temporary_names.h"

namespace coldframe {
namespace {

std::string command_help(const SubcommandEntry& entry, Subcommand& command, const ConfigSchema& schema) {
  const SubcommandInfo info = command.info();
  std::string text = fmt::format("usage: coldframe {} {}\n\n{}\n", entry.name, info.usage, info.text);
  const std::string own = options_help(command.options());
  if (!own.empty()) text += fmt::format("\n{}", own);
  if (info.config == ConfigUse::allowed) {
    text +=
        "\n  --config FILE         INI file, any number; later ones override earlier ones\n"
        "  --SECTION.KEY=VALUE   overrides the files\n"
        "  --dump-config         print the resolved configuration with the origin of every value, and end\n";
    text += config_help(schema);
  }
  return text;
}

void write(std::ostream& output, std::string_view text) {
  output << text << std::flush;
  if (!output) throw IoError("cannot write to standard output");
}

/// What one command needs to get from its arguments to its work, in steps that may each fail.
class CommandRun {
 public:
  CommandRun(const SubcommandEntry& entry, const Group& group, std::ostream& output)
      : entry_(entry), command_(entry.make()), group_(group), output_(output) {
    command_->add_sections(schema_);
  }

  /// Nothing when there is more to do than help and dumps.
  std::optional<ExitCode> prepare(std::span<const std::string> arguments) {
    const SubcommandInfo info = command_->info();
    line_ = parse_command_line(arguments, command_->options(), info.config, info.positional, &schema_);
    if (line_.help) {
      if (group_.is_root()) write(output_, command_help(entry_, *command_, schema_));
      return ExitCode::done;
    }
    if (info.config == ConfigUse::allowed) config_ = load_config(schema_, line_.sources);
    if (!line_.dump_config) return std::nullopt;
    if (group_.is_root()) write(output_, dump_config(config_));
    return ExitCode::done;
  }

  const CommOptions* comm() const { return command_->comm(); }

  ExitCode work(const Provenance& provenance, const Clock& clock, FailureHooks& hooks) {
    const ExitCode code = command_->run({line_, config_, provenance, clock, group_, output_, hooks});
    if (!output_.flush()) throw IoError("cannot write to standard output");
    return code;
  }

 private:
  const SubcommandEntry& entry_;
  std::unique_ptr<Subcommand> command_;
  const Group& group_;
  std::ostream& output_;
  ConfigSchema schema_;
  CommandLine line_;
  ResolvedConfig config_;
};

}  // namespace

Application::Application(std::vector<SubcommandEntry> commands, const Clock& clock, std::string revision,
                         std::ostream& output)
    : commands_(std::move(commands)), clock_(clock), revision_(std::move(revision)), output_(output) {}

int Application::run(std::span<const std::string> arguments) {
  try {
    const auto entry = std::find_if(commands_.begin(), commands_.end(), [&](const SubcommandEntry& command) {
      return !arguments.empty() && command.name == arguments.front();
    });
    if (entry != commands_.end()) return run_command(*entry, arguments.subspan(1));
    return static_cast<int>(dispatch(arguments));
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    log_error("error: {}", failure.message);
    return static_cast<int>(failure.code);
  }
}

/// Everything but a subcommand.
ExitCode Application::dispatch(std::span<const std::string> arguments) {
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h" || arguments.front() == "help") {
    write(output_, usage());
    return arguments.empty() ? ExitCode::config : ExitCode::done;
  }
  if (arguments.front() == "--version") {
    const Provenance provenance = collect_provenance(clock_, revision_);
    write(output_, fmt::format("coldframe {} (revision {}, {}, {} build)\n", provenance.version, provenance.revision,
                               provenance.compiler, provenance.build_type));
    return ExitCode::done;
  }
  if (arguments.front() == "--configuration") {
    write(output_, configuration_page(commands_));
    return ExitCode::done;
  }
  std::vector<std::string> names;
  for (const SubcommandEntry& command : commands_) names.push_back(command.name);
  throw ConfigError(fmt::format("{} is not a subcommand", arguments.front()), {},
                    suggest_name(arguments.front(), names));
}

int Application::run_command(const SubcommandEntry& entry, std::span<const std::string> arguments) {
  const bool many = entry.make()->info().ranks == Ranks::many;
  remove_temporaries_on_signals();
  std::optional<Launch> launch;
  if (many) launch.emplace();
  const Group group = many ? launch->group() : Group();
  start_log({.rank = group.rank(), .rank_count = group.size()});
  CommandRun command(entry, group, output_);
  FailureHooks hooks;
  try {
    std::optional<ExitCode> code;
    agree_on_errors(group, "configuration", [&] { code = command.prepare(arguments); });
    if (many && command.comm() != nullptr) launch->configure(*command.comm());
    if (!code) code = command.work(collect_provenance(clock_, revision_), clock_, hooks);
    return many ? launch->finish(*code) : static_cast<int>(*code);
  } catch (...) {
    const Failure failure = failure_of(std::current_exception());
    // What all ranks know of is said once, and no reason to kill anybody.
    const bool together = group.size() == 1 || agreed_on(std::current_exception());
    if (told(std::current_exception())) {
      log_to_file(LogLevel::error, fmt::format("error: {}", failure.message));
    } else if (!together || group.is_root()) {
      log_error("error: {}", failure.message);
    }
    hooks.run(failure);
    if (!many) return static_cast<int>(failure.code);
    return together ? launch->finish(failure.code) : launch->fail(failure.code, "");
  }
}

std::string Application::usage() const {
  std::string text = "usage: coldframe SUBCOMMAND [OPTIONS]\n\n";
  std::size_t width = 0;
  for (const SubcommandEntry& command : commands_) width = std::max(width, command.name.size());
  for (const SubcommandEntry& command : commands_) {
    text += fmt::format("  {:<{}}  {}\n", command.name, width, command.summary);
  }
  return text +
         "\ncoldframe SUBCOMMAND --help  explains one of them\n"
         "coldframe --version          says what this is\n"
         "coldframe --configuration    prints every section and key as Markdown\n";
}

}  // namespace coldframe
