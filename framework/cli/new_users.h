#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "framework/cli/entity_rows.h"
#include "framework/data/dataset.h"

namespace coldframe {

/// Users who are in no data set: attributes with the columns of its user table, and what they liked.
struct NewUsers {
  EntityTable table;
  std::vector<std::vector<ItemId>> likes;  // by row, oldest first

  std::size_t size() const { return table.size(); }
};

/// Reads new users from a CSV or TSV file for a data set: column `id` (else rows are numbered), columns named like the
/// attributes of its users (missing ones are missing values), and `history`, item ids separated by "|", oldest first.
/// Several values of an attribute are separated by "|" too. Throws DataError naming file and line for an unknown column
/// or item, a number that is none, an item named twice, and what EntityRows finds. Borrows the data set.
class NewUserReader {
 public:
  NewUserReader(const std::filesystem::path& path, const Dataset& dataset);
  /// The next users, at most `most`; none at the end.
  NewUsers next(std::size_t most);

 private:
  std::vector<ItemId> history_of(const std::vector<std::string>& ids, const std::string& place) const;

  const Dataset& dataset_;
  EntityRows rows_;
  std::unordered_map<std::string_view, ItemId> items_;
};

}  // namespace coldframe
