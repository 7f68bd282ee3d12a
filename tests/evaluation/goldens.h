#pragma once

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/core/json.h"

namespace coldframe::testing {

/// tests/golden/<name>.json, made by tests/golden/make_evaluation_goldens.py (fairness: make_fairness_goldens.py).
inline nlohmann::json golden(const std::string& name) {
  const char* source = std::getenv("COLDFRAME_SOURCE_DIR");
  const std::filesystem::path root = source == nullptr ? std::filesystem::current_path() : source;
  return read_json(root / "tests" / "golden" / (name + ".json"));
}

inline std::vector<ItemId> items_in(const nlohmann::json& rows) {
  std::vector<ItemId> items;
  for (const auto& row : rows) items.emplace_back(row.get<std::uint32_t>());
  return items;
}

inline std::vector<ItemId> items_of(std::initializer_list<std::uint32_t> rows) {
  std::vector<ItemId> items;
  for (const std::uint32_t row : rows) items.emplace_back(row);
  return items;
}

}  // namespace coldframe::testing
