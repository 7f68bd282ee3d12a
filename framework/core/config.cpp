#include "framework/core/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/quoting.h"

namespace coldframe {
namespace {

std::string dotted(const ResolvedSection& section, std::string_view key) {
  return fmt::format("{}.{}", section.name, key);
}

std::string free_text(const std::string& text) {
  const bool plain =
      !text.empty() && detail::trim(text).size() == text.size() && text.find_first_of("\"#\n\t\r") == std::string::npos;
  return plain ? text : detail::quote(text);
}

}  // namespace

const std::vector<ConfigInstance>& ResolvedConfig::instances(std::string_view family) const {
  static const std::vector<ConfigInstance> none;
  const auto at = std::find_if(families_.begin(), families_.end(),
                               [&](const FamilyInstances& instances) { return instances.family == family; });
  return at == families_.end() ? none : at->instances;
}

const std::vector<FreeValue>& ResolvedConfig::free_values(std::string_view section) const {
  static const std::vector<FreeValue> none;
  const auto at = std::find_if(sections_.begin(), sections_.end(),
                               [&](const ResolvedSection& candidate) { return candidate.name == section; });
  return at == sections_.end() ? none : at->free_values;
}

const ResolvedValue* ResolvedConfig::find(std::string_view key) const {
  for (const ResolvedSection& section : sections_) {
    for (const ResolvedValue& value : section.values) {
      if (dotted(section, value.field.name) == key) return &value;
    }
  }
  return nullptr;
}

std::string ResolvedConfig::describe_problem(const Problem& problem) const {
  const ResolvedValue* value = find(problem.key);
  if (value == nullptr) return fmt::format("{} {}", problem.key, problem.text);
  return fmt::format("{} = {} {} {}", problem.key, format_option_value(value->field.value), value->origin.phrase(),
                     problem.text);
}

std::string dump_config(const ResolvedConfig& config) {
  std::string text;
  for (const ResolvedSection& section : config.sections()) {
    if (!text.empty()) text += '\n';
    text += fmt::format("[{}]\n", section.name);
    for (const ResolvedValue& value : section.values) {
      text +=
          fmt::format("{} = {}  # {}\n", value.field.name, format_option_value(value.field.value), value.origin.text());
    }
    for (const FreeValue& value : section.free_values) {
      text += fmt::format("{} = {}  # {}\n", value.key, free_text(value.text), value.origin.text());
    }
  }
  return text;
}

nlohmann::json to_json(const ResolvedConfig& config) {
  nlohmann::json json = nlohmann::json::object();
  for (const ResolvedSection& section : config.sections()) {
    nlohmann::json& block = json[section.name] = nlohmann::json::object();
    for (const ResolvedValue& value : section.values) {
      std::visit([&](const auto& typed) { block[value.field.name] = typed; }, value.field.value);
    }
    for (const FreeValue& value : section.free_values) block[value.key] = value.text;
  }
  return json;
}

std::string config_digest(const ResolvedConfig& config) {
  std::vector<std::string> lines;
  for (const ResolvedSection& section : config.sections()) {
    if (section.effect == Effect::operation) continue;
    for (const ResolvedValue& value : section.values) {
      if (value.field.effect == Effect::operation) continue;
      lines.push_back(
          fmt::format("{} = {}\n", dotted(section, value.field.name), format_option_value(value.field.value)));
    }
    for (const FreeValue& value : section.free_values) {
      lines.push_back(fmt::format("{} = {}\n", dotted(section, value.key), free_text(value.text)));
    }
  }
  std::sort(lines.begin(), lines.end());
  return sha256_hex(fmt::format("{}", fmt::join(lines, "")));
}

}  // namespace coldframe
