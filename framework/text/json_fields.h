#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace coldframe::detail {

/// Reads the fields of a JSON object; every fault is one DataError that names the place and the field. A field that is
/// null counts as absent. Borrows the JSON value.
class JsonFields {
 public:
  /// `place` stands in messages: "encoder/tokenizer.json: model".
  JsonFields(const nlohmann::json& object, std::string place);

  const std::string& place() const { return place_; }
  /// nullptr when absent.
  const nlohmann::json* find(std::string_view key) const;
  const nlohmann::json& require(std::string_view key) const;
  JsonFields object(std::string_view key) const;

  std::optional<bool> flag(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::string require_text(std::string_view key) const;
  /// A token id or a count.
  std::int32_t require_natural(std::string_view key) const;

  [[noreturn]] void refuse(std::string_view key, std::string_view expected) const;

 private:
  const nlohmann::json& object_;
  std::string place_;
};

/// A whole number from 0 to 2^31 - 1; nothing when the value is anything else.
std::optional<std::int32_t> as_natural(const nlohmann::json& value);

}  // namespace coldframe::detail
