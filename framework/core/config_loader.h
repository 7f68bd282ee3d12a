#pragma once

#include <map>
#include <string>
#include <vector>

#include "framework/core/config.h"
#include "framework/core/ini_file.h"

namespace coldframe {

/// One use: gathers what the sources say, decides every value, and keeps all problems until the end.
class ConfigLoader {
 public:
  ConfigLoader(const ConfigSchema& schema, const ConfigSources& sources) : schema_(schema), sources_(sources) {}
  ResolvedConfig load();

 private:
  struct Setting {
    std::string key;
    std::string text;
    Origin origin;
  };
  /// Everything said about one section, weakest source first.
  struct SectionInput {
    std::string name;
    Origin first;
    std::vector<Setting> settings;
  };

  void gather_file(const std::filesystem::path& path);
  void gather_overrides();
  void gather(const std::string& section, const std::string& key, Setting setting);
  SectionInput& input(const std::string& section, const Origin& origin);
  const SectionInput* find_input(std::string_view section) const;

  void resolve(const ConfigSchema::Section& section);
  void resolve(const ConfigSchema::Family& family);
  void resolve(const ConfigSchema::FreeSection& section);
  void resolve_instance(const ConfigSchema::Family& family, const SectionInput& given,
                        ResolvedConfig::FamilyInstances& instances);
  ResolvedSection assign(const std::string& name, Options& options, const SectionInput* given, bool is_instance);
  void assign_value(const std::string& section, Options& options, ResolvedValue& value, const Setting& setting);
  void validate(const ResolvedSection& section, const Options& options);
  void report_unknown_sections();
  void report_unknown_key(const std::string& section, const Setting& setting, const std::vector<ResolvedValue>& known);
  void run_rules();
  void problem(std::string text) { problems_.push_back(std::move(text)); }

  const ConfigSchema& schema_;
  const ConfigSources& sources_;
  std::vector<SectionInput> inputs_;  // by first appearance
  std::vector<std::string> problems_;
  ResolvedConfig config_;
};

}  // namespace coldframe
