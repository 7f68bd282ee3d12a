#include "framework/core/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "framework/core/command_line_tokens.h"
#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {
namespace {

/// Options that every command understands, beside its own.
struct CommonOptions final : Options {
  std::vector<std::string> config;
  bool dump_config = false;
  bool help = false;

  explicit CommonOptions(ConfigUse use) : use_(use) {}
  void describe(OptionVisitor& visitor) override {
    if (use_ == ConfigUse::allowed) {
      visitor.visit({.name = "config", .doc = "INI file; later ones override earlier ones"}, config);
      visitor.visit({.name = "dump-config", .doc = "print the resolved configuration with origins and end"},
                    dump_config);
    }
    visitor.visit({.name = "help", .doc = "print this text and end"}, help);
  }

 private:
  ConfigUse use_;
};

/// `--section.key=value`: the dot tells it from a command's own options.
bool is_override(std::string_view argument) {
  const std::string_view name = argument.substr(0, argument.find('='));
  return name.starts_with("--") && name.find('.') != name.npos;
}

class Reader {
 public:
  Reader(Options& own, Options& common, const PositionalRule& positional, const ConfigSchema* schema)
      : own_(own), common_(common), positional_(positional), schema_(schema), fields_(describe_fields(own)) {
    own_count_ = fields_.size();
    for (FieldRecord& field : describe_fields(common)) fields_.push_back(std::move(field));
  }

  void read(std::span<const std::string> arguments) {
    for (const detail::CommandLineToken& token : detail::tokenize(arguments, fields_)) {
      for (const std::string& value : token.values) take(token, value);
      if (!token.known) unknown("--" + token.name);
    }
  }

  std::vector<std::string> problems;

 private:
  void take(const detail::CommandLineToken& token, const std::string& value) {
    if (!token.known) return;
    if (token.name.empty() && (positional_.name.empty() || value.starts_with('-'))) {
      unknown(value);
      return;
    }
    assign(token.name.empty() ? positional_.name : token.name, value);
  }

  void assign(const std::string& name, const std::string& text) {
    const auto at = std::find_if(fields_.begin(), fields_.end(), [&](const auto& field) { return field.name == name; });
    Options& owner = static_cast<std::size_t>(at - fields_.begin()) < own_count_ ? own_ : common_;
    const bool again = !seen_.insert(name).second;
    // Names and paths of a repeated option are taken as they stand, blanks and all.
    if (auto* texts = std::get_if<std::vector<std::string>>(&at->value)) {
      if (!again) texts->clear();
      texts->push_back(text);
      assign_field(owner, name, at->value);
      return;
    }
    if (again) {
      problems.push_back(fmt::format("--{} {} (given twice)", name, text));
      return;
    }
    const bool plain = std::holds_alternative<std::string>(at->value);
    const ParsedValue parsed = plain ? ParsedValue{text, {}} : parse_option_value(*at, text);
    const std::string violation = parsed.mistake.empty() ? range_violation(*at, parsed.value) : parsed.mistake;
    if (!violation.empty()) {
      const std::string nearest = plain ? nearest_name(text, at->choices) : std::string{};
      const std::string suggestion = nearest.empty() ? "" : fmt::format(" did you mean {}?", nearest);
      problems.push_back(fmt::format("--{} {} ({}){}", name, text, violation, suggestion));
      return;
    }
    assign_field(owner, name, parsed.value);
  }

  void unknown(std::string_view argument) {
    std::string_view name = argument.substr(0, argument.find('='));
    while (name.starts_with('-')) name.remove_prefix(1);
    std::vector<std::string> names;
    for (const FieldRecord& field : fields_) names.push_back(field.name);
    const std::string nearest = argument.starts_with('-') ? nearest_name(name, names) : std::string{};
    const std::vector<std::string> keys = nearest.empty() ? places_of(name) : std::vector<std::string>{nearest};
    problems.push_back(fmt::format("{} (unknown argument){}", argument,
                                   keys.empty() ? " see --help" : fmt::format(" did you mean --{}?", fmt::join(keys, " or --"))));
  }

  /// Keys of the configuration that are called so, blanks written in either way.
  std::vector<std::string> places_of(std::string_view name) const {
    std::string key(name);
    std::ranges::replace(key, '-', '_');
    return schema_ == nullptr ? std::vector<std::string>{} : schema_->keys_named(key);
  }

  Options& own_;
  Options& common_;
  const PositionalRule& positional_;
  const ConfigSchema* schema_;
  std::vector<FieldRecord> fields_;
  std::size_t own_count_ = 0;
  std::set<std::string> seen_;
};

}  // namespace

CommandLine parse_command_line(std::span<const std::string> arguments, Options& options, ConfigUse config,
                               const PositionalRule& positional, const ConfigSchema* schema) {
  CommandLine line;
  std::vector<std::string> rest;
  for (const std::string& argument : arguments) {
    if (config == ConfigUse::allowed && is_override(argument)) {
      line.sources.overrides.push_back(argument);
    } else {
      rest.push_back(argument == "-h" ? "--help" : argument);
    }
  }
  CommonOptions common(config);
  Reader reader(options, common, positional, schema);
  reader.read(rest);
  line.sources.files.assign(common.config.begin(), common.config.end());
  line.help = common.help;
  line.dump_config = common.dump_config;
  if (line.help) return line;
  if (reader.problems.empty()) {
    for (const Problem& problem : options.validate()) {
      reader.problems.push_back(fmt::format("--{} {}", problem.key, problem.text));
    }
  }
  if (reader.problems.empty()) return line;
  throw ConfigError(fmt::format("{}", fmt::join(reader.problems, "\n  ")));
}

}  // namespace coldframe
