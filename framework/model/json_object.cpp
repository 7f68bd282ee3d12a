#include "framework/model/json_object.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/json.h"

namespace coldframe {

JsonObject::JsonObject(std::filesystem::path file)
    : file_(std::move(file)), json_(std::make_unique<nlohmann::json>(read_json(file_))) {
  if (!json_->is_object()) {
    throw DataError(fmt::format("{} holds no JSON object", file_.string()), "the file is a list or a single value");
  }
}

JsonObject::~JsonObject() = default;

bool JsonObject::has(std::string_view key) const { return find(key) != nullptr; }

const nlohmann::json* JsonObject::find(std::string_view key) const {
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

void JsonObject::missing(std::string_view key) const {
  throw DataError(fmt::format("{} lacks the key {}", file_.string(), key), "it is needed to read the folder");
}

void JsonObject::reject(std::string_view key, std::string_view why, std::string_view suggestion) const {
  const nlohmann::json* value = find(key);
  const std::string shown =
      value == nullptr ? "null" : value->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  throw DataError(fmt::format("{} = {} in {}", key, shown, file_.string()), why, suggestion);
}

std::int64_t JsonObject::integer(std::string_view key, std::int64_t minimum, std::int64_t maximum) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) missing(key);
  const bool fits = value->is_number_integer() &&
                    !(value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(maximum));
  if (!fits || value->get<std::int64_t>() < minimum || value->get<std::int64_t>() > maximum) {
    reject(key, fmt::format("must be a whole number from {} to {}", minimum, maximum));
  }
  return value->get<std::int64_t>();
}

double JsonObject::number(std::string_view key, std::optional<double> when_absent) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr && when_absent) return *when_absent;
  if (value == nullptr) missing(key);
  if (!value->is_number() || !std::isfinite(value->get<double>())) reject(key, "must be a number");
  return value->get<double>();
}

std::string JsonObject::text(std::string_view key, std::optional<std::string> when_absent) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr && when_absent) return *when_absent;
  if (value == nullptr) missing(key);
  if (!value->is_string()) reject(key, "must be a text");
  return value->get<std::string>();
}

bool JsonObject::flag(std::string_view key, bool when_absent) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return when_absent;
  if (!value->is_boolean()) reject(key, "must be true or false");
  return value->get<bool>();
}

}  // namespace coldframe
