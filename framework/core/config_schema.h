#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

class ResolvedConfig;

/// One way to be an instance of a family: `[strategy.NAME]` with `kind = lora`.
struct FamilyKind {
  std::string kind;
  std::string summary;
  std::function<std::unique_ptr<Options>()> make_options;
};

/// What a configuration may hold: sections, families of instance sections, free-form sections and rules across
/// sections. Section options are borrowed and must outlive the schema; load_config() assigns them.
class ConfigSchema {
 public:
  struct Section {
    std::string name;
    std::string doc;
    Options* options;
    Effect effect;
  };
  struct Family {
    std::string name;
    std::string doc;
    std::vector<FamilyKind> kinds;
  };
  struct FreeSection {
    std::string name;
    std::string doc;
    Effect effect;
  };
  using Rule = std::function<std::vector<Problem>(const ResolvedConfig&)>;

  /// `effect` operation takes the whole section out of the digest.
  void section(std::string name, std::string doc, Options& options, Effect effect = Effect::results);
  /// Any number of `[name.INSTANCE]` sections; key `kind` (default INSTANCE) picks the options.
  void family(std::string name, std::string doc, std::vector<FamilyKind> kinds);
  /// Keys and values kept as they stand, in order. Meant for bounds like `[expect]`, which change no result.
  void free_section(std::string name, std::string doc, Effect effect = Effect::operation);
  /// A rule across sections; problem keys are written `section.key`. Runs only when every single value is fine.
  void rule(Rule rule);

  const std::vector<Section>& sections() const { return sections_; }
  const std::vector<Family>& families() const { return families_; }
  const std::vector<FreeSection>& free_sections() const { return free_sections_; }
  const std::vector<Rule>& rules() const { return rules_; }
  const Section* find_section(std::string_view name) const;
  const Family* find_family(std::string_view name) const;
  const FreeSection* find_free_section(std::string_view name) const;

 private:
  std::vector<Section> sections_;
  std::vector<Family> families_;
  std::vector<FreeSection> free_sections_;
  std::vector<Rule> rules_;
};

}  // namespace coldframe
