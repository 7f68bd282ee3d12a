#include "tests/baselines/movielens_100k.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace coldframe::testing {
namespace {

std::vector<std::vector<std::string>> rows_of(const std::filesystem::path& path) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);  // header
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream cell_stream(line);
    for (std::string cell; std::getline(cell_stream, cell, '\t');) cells.push_back(cell);
    rows.push_back(std::move(cells));
  }
  return rows;
}

}  // namespace

std::optional<std::filesystem::path> movielens_100k_folder() {
  const char* deps = std::getenv("COLDFRAME_DEPS_DIR");
  if (deps == nullptr) return std::nullopt;
  const std::filesystem::path folder = std::filesystem::path(deps) / "movielens-100k";
  if (!std::filesystem::exists(folder / "ml-100k.inter")) return std::nullopt;
  return folder;
}

Dataset read_movielens_100k(const std::filesystem::path& folder) {
  Dataset dataset;
  std::map<std::string, std::uint32_t> user_rows;
  std::map<std::string, std::uint32_t> item_rows;
  AttributeColumn age{"age", AttributeKind::number, {}, {}, {}};
  AttributeColumn gender{"gender", AttributeKind::category, {}, {}, {}};
  AttributeColumn occupation{"occupation", AttributeKind::category, {}, {}, {}};
  for (const auto& cells : rows_of(folder / "ml-100k.user")) {
    user_rows[cells[0]] = static_cast<std::uint32_t>(dataset.users.ids.size());
    dataset.users.ids.push_back(cells[0]);
    age.numbers.push_back(std::stod(cells[1]));
    gender.texts.push_back(cells[2]);
    occupation.texts.push_back(cells[3]);
  }
  dataset.users.columns = {age, gender, occupation};
  for (const auto& cells : rows_of(folder / "ml-100k.item")) {
    item_rows[cells[0]] = static_cast<std::uint32_t>(dataset.items.ids.size());
    dataset.items.ids.push_back(cells[0]);
  }
  for (const auto& cells : rows_of(folder / "ml-100k.inter")) {
    dataset.interactions.user.emplace_back(user_rows.at(cells[0]));
    dataset.interactions.item.emplace_back(item_rows.at(cells[1]));
    dataset.interactions.rating.push_back(std::stof(cells[2]));
    dataset.interactions.timestamp.push_back(std::stoll(cells[3]));
  }
  sort_interactions(dataset);
  return dataset;
}

}  // namespace coldframe::testing
