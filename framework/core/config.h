#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/config_schema.h"
#include "framework/core/config_value.h"

namespace coldframe {

/// A value and where it came from.
struct ResolvedValue {
  FieldRecord field;
  Origin origin;
};

/// A line of a free-form section, in the order of the files.
struct FreeValue {
  std::string key;
  std::string text;
  Origin origin;
};

struct ResolvedSection {
  std::string name;  // "optimizer", "strategy.lora"
  Effect effect = Effect::results;
  std::vector<ResolvedValue> values;
  std::vector<FreeValue> free_values;
};

/// An instance section of a family, with its own options.
struct ConfigInstance {
  std::string name;  // "wide" of [strategy.wide]
  std::string kind;  // "lora"
  std::unique_ptr<Options> options;
};

/// A configuration with every value decided. Sections stand in schema order; instances of a family in order of first
/// appearance in the files.
class ResolvedConfig {
 public:
  const std::vector<ResolvedSection>& sections() const { return sections_; }
  /// Empty when the files hold none.
  const std::vector<ConfigInstance>& instances(std::string_view family) const;
  const std::vector<FreeValue>& free_values(std::string_view section) const;
  /// nullptr when there is no such option. Key as in `optimizer.learning_rate`.
  const ResolvedValue* find(std::string_view key) const;
  /// `optimizer.beta = 2 in base.ini:7 (why) suggestion`, for errors found after loading.
  std::string describe_problem(const Problem& problem) const;

 private:
  friend class ConfigLoader;
  struct FamilyInstances {
    std::string family;
    std::vector<ConfigInstance> instances;
  };
  std::vector<ResolvedSection> sections_;
  std::vector<FamilyInstances> families_;
};

/// Precedence: overrides, then later files over earlier ones, then defaults.
struct ConfigSources {
  std::vector<std::filesystem::path> files;
  std::vector<std::string> overrides;         // "section.key=value", with or without leading dashes
  std::filesystem::path written_by_run = {};  // the one of `files` in which idle values are no mistake
};

/// Assigns the schema's options. All problems come in one ConfigError, one per line, each naming key, value, place and
/// the nearest known name; IoError when a file cannot be read.
ResolvedConfig load_config(const ConfigSchema& schema, const ConfigSources& sources);

/// The resolved file, each value with its origin as a comment. Loading it gives the same configuration.
std::string dump_config(const ResolvedConfig& config);

/// { "optimizer": { "learning_rate": 0.0003 }, "strategy.lora": { "kind": "lora", ... }, "expect": { ... } }
nlohmann::json to_json(const ResolvedConfig& config);

/// SHA-256 over everything that can change a result (Effect::results), defaults included, independent of how it was
/// written. A run folder compares it before it lets a run go on.
std::string config_digest(const ResolvedConfig& config);

/// --help: every section, key, unit, range and default.
std::string config_help(const ConfigSchema& schema);
/// The same as Markdown tables, for docs/guide/configuration.md.
std::string config_markdown(const ConfigSchema& schema);

}  // namespace coldframe
