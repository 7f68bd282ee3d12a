#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace coldframe {

/// The JSON object in a file of an encoder or adapter folder; every complaint is a DataError that names file and key.
/// A key that is null counts as absent.
class JsonObject {
 public:
  explicit JsonObject(std::filesystem::path file);
  ~JsonObject();

  const std::filesystem::path& file() const { return file_; }
  const nlohmann::json& json() const { return *json_; }
  bool has(std::string_view key) const;

  std::int64_t integer(std::string_view key, std::int64_t minimum, std::int64_t maximum) const;
  double number(std::string_view key, std::optional<double> when_absent = std::nullopt) const;  // finite
  std::string text(std::string_view key, std::optional<std::string> when_absent = std::nullopt) const;
  bool flag(std::string_view key, bool when_absent) const;
  /// "KEY = VALUE in FILE (why) suggestion".
  [[noreturn]] void reject(std::string_view key, std::string_view why, std::string_view suggestion = {}) const;

 private:
  const nlohmann::json* find(std::string_view key) const;
  [[noreturn]] void missing(std::string_view key) const;

  std::filesystem::path file_;
  std::unique_ptr<nlohmann::json> json_;
};

}  // namespace coldframe
