#include "framework/core/config_schema.h"

#include <fmt/format.h>

#include "framework/core/config_value.h"

namespace coldframe {

void ConfigSchema::section(std::string name, std::string doc, Options& options, Effect effect) {
  parts_.push_back(Section{std::move(name), std::move(doc), &options, effect});
}

void ConfigSchema::family(std::string name, std::string doc, std::vector<FamilyKind> kinds) {
  parts_.push_back(Family{std::move(name), std::move(doc), std::move(kinds)});
}

void ConfigSchema::free_section(std::string name, std::string doc, Effect effect) {
  parts_.push_back(FreeSection{std::move(name), std::move(doc), effect});
}

void ConfigSchema::rule(Rule rule) { rules_.push_back(std::move(rule)); }

std::vector<std::string> ConfigSchema::keys_named(std::string_view key) const {
  std::vector<std::string> keys;
  for (const Part& part : parts_) {
    const auto* section = std::get_if<Section>(&part);
    if (section == nullptr) continue;
    for (const FieldRecord& field : describe_fields(*section->options)) {
      if (field.name == key) keys.push_back(fmt::format("{}.{}", section->name, key));
    }
  }
  return keys;
}

}  // namespace coldframe
