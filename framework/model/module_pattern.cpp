#include "framework/model/module_pattern.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <regex>

namespace coldframe {
namespace {

bool matches(const JsonObject& config, const std::string& pattern_key, const std::string& pattern,
             const std::string& module) {
  try {
    return std::regex_match(module, std::regex(fmt::format("(.*\\.)?({})", pattern)));
  } catch (const std::regex_error& error) {
    config.reject(pattern_key, fmt::format("{} is no regular expression: {}", pattern, error.what()));
  }
}

}  // namespace

double number_of_module(const JsonObject& config, const std::string& pattern_key, const std::string& module,
                        double otherwise) {
  if (!config.has(pattern_key)) return otherwise;
  const nlohmann::json& patterns = config.json()[pattern_key];
  if (!patterns.is_object()) config.reject(pattern_key, "must be an object of numbers");
  for (const auto& [pattern, number] : patterns.items()) {
    if (!number.is_number()) config.reject(pattern_key, "must be an object of numbers");
    if (matches(config, pattern_key, pattern, module)) return number.get<double>();
  }
  return otherwise;
}

}  // namespace coldframe
