#include "framework/text/json_fields.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"

namespace coldframe::detail {

using nlohmann::json;

JsonFields::JsonFields(const json& object, std::string place) : object_(object), place_(std::move(place)) {
  if (!object.is_object()) throw DataError(fmt::format("{} is not a JSON object", place_));
}

const json* JsonFields::find(std::string_view key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const json& JsonFields::require(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) throw DataError(fmt::format("{} has no \"{}\"", place_, key));
  return *value;
}

JsonFields JsonFields::object(std::string_view key) const { return {require(key), fmt::format("{}: {}", place_, key)}; }

std::optional<bool> JsonFields::flag(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_boolean()) refuse(key, "true or false");
  return value->get<bool>();
}

std::optional<std::string> JsonFields::text(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) refuse(key, "a string");
  return value->get<std::string>();
}

std::optional<double> JsonFields::number(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number()) refuse(key, "a number");
  return value->get<double>();
}

std::string JsonFields::require_text(std::string_view key) const {
  require(key);
  return *text(key);
}

std::int32_t JsonFields::require_natural(std::string_view key) const {
  const std::optional<std::int32_t> value = as_natural(require(key));
  if (!value) refuse(key, "a whole number from 0 to 2147483647");
  return *value;
}

void JsonFields::refuse(std::string_view key, std::string_view expected) const {
  const json* value = find(key);
  std::string shown = value == nullptr ? "nothing" : value->dump(-1, ' ', false, json::error_handler_t::replace);
  if (shown.size() > 60) shown = shown.substr(0, 60) + " ...";
  throw DataError(fmt::format("{}: \"{}\" is {}", place_, key, shown), fmt::format("expected {}", expected));
}

std::optional<std::int32_t> as_natural(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) return std::nullopt;
  return static_cast<std::int32_t>(number);
}

}  // namespace coldframe::detail
