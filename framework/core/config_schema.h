#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
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

/// What a configuration may hold, in the order in which it is printed: sections, families of instance sections,
/// free-form sections; and rules across them. Section options are borrowed and must outlive the schema; load_config()
/// assigns them.
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
  using Part = std::variant<Section, Family, FreeSection>;
  using Rule = std::function<std::vector<Problem>(const ResolvedConfig&)>;

  /// `effect` operation takes the whole section out of the digest.
  void section(std::string name, std::string doc, Options& options, Effect effect = Effect::results);
  /// Any number of `[name.INSTANCE]` sections; key `kind` (default INSTANCE) picks the options. A section may have the
  /// family's name too: `[strategy]` for what all instances share.
  void family(std::string name, std::string doc, std::vector<FamilyKind> kinds);
  /// Keys (dots allowed) and values kept as they stand, in order. Meant for bounds like `[expect]`, which change no
  /// result.
  void free_section(std::string name, std::string doc, Effect effect = Effect::operation);
  /// A rule across sections; problem keys are written `section.key`. Runs only when every single value is fine.
  void rule(Rule rule);

  /// Where a key of this name stands, as "optimizer.learning_rate", in the order of the sections.
  std::vector<std::string> keys_named(std::string_view key) const;

  const std::vector<Part>& parts() const { return parts_; }
  const std::vector<Rule>& rules() const { return rules_; }
  /// nullptr when there is none of that name.
  template <class Kind>
  const Kind* find(std::string_view name) const {
    for (const Part& part : parts_) {
      const Kind* candidate = std::get_if<Kind>(&part);
      if (candidate != nullptr && candidate->name == name) return candidate;
    }
    return nullptr;
  }

 private:
  std::vector<Part> parts_;
  std::vector<Rule> rules_;
};

}  // namespace coldframe
