#include "framework/cli/trained_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "framework/cli/experiment.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

void settle(Json& block, Options& defaults) {
  for (const FieldRecord& field : describe_fields(defaults)) {
    if (field.effect == Effect::operation) {
      block.erase(field.name);
    } else if (!block.contains(field.name)) {
      std::visit([&](const auto& value) { block[field.name] = value; }, field.value);
    }
  }
}

/// Instances of a family: those that nobody uses go, the others are settled. A name without a section is a kind with
/// its defaults.
template <class Registry>
void settle_family(Json& settings, const std::string& family, const std::set<std::string>& used,
                   const Registry& registry) {
  std::vector<std::string> unused;
  for (const auto& [section, values] : settings.items()) {
    const std::string prefix = family + '.';
    if (section.starts_with(prefix) && !used.contains(section.substr(prefix.size()))) unused.push_back(section);
  }
  for (const std::string& section : unused) settings.erase(section);
  const std::vector<std::string> kinds = registry.kinds();
  for (const std::string& name : used) {
    Json& block = settings[fmt::format("{}.{}", family, name)];
    if (block.is_null()) block = Json::object();
    const std::string kind = block.value("kind", name);
    block["kind"] = kind;
    if (std::ranges::find(kinds, kind) != kinds.end()) settle(block, *registry.require(kind).make_options());
  }
}

}  // namespace

Json trained_settings(const Json& config) {
  Experiment experiment;
  ConfigSchema schema;
  experiment.add_to(schema);
  Json settings = config;
  for (const ConfigSchema::Part& part : schema.parts()) {
    if (const auto* free = std::get_if<ConfigSchema::FreeSection>(&part)) settings.erase(free->name);
    const auto* section = std::get_if<ConfigSchema::Section>(&part);
    if (section == nullptr) continue;
    if (section->effect == Effect::operation) {
      settings.erase(section->name);
      continue;
    }
    Json& block = settings[section->name];
    if (block.is_null()) block = Json::object();
    settle(block, *section->options);
  }
  settle_family(settings, "strategy", settings.at("strategy").at("use").get<std::set<std::string>>(),
                experiment.strategies);
  settle_family(settings, "objective", {settings.at("objective").at("use").get<std::string>()}, experiment.objectives);
  return settings;
}

}  // namespace coldframe
