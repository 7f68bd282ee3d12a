#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/simulation/scored_policy.h"

namespace coldframe {

/// Who the users of a policy file are.
struct PolicyFileUsers {
  std::vector<std::pair<std::string, UserKey>> asked;  // external ids of all who will be asked about
  std::function<bool(std::string_view)> known;         // may this id stand in the file, though nobody asks?
  std::string wording;                                 // what an id should be: "sim-N"
};

/// Shows what a CSV file says: lists or scores that another program made. Columns, in any order:
///   user (external id; without it the rows hold for everybody), item (external id), and either
///   score (the highest are shown) or position (the lowest are shown, 0 or 1 at the top).
/// Items that a user has no row for are never shown; with lists longer than a page, clicked items make room for the
/// next.
class FilePolicy final : public ScoredPolicy {
 public:
  /// Reads the file whole. Throws IoError, and DataError with file and line for other columns, unknown items and users,
  /// numbers that are none or not finite, and repeated items or positions; or when somebody asked about has no row.
  FilePolicy(std::string name, const std::filesystem::path& path, const Dataset& items, const PolicyFileUsers& users,
             TieBreak ties);
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return items_; }
  void score(std::span<const PolicyRequest> requests, std::span<float> scores) const override;

 private:
  std::vector<std::vector<RankedItem>> best(std::span<const PolicyRequest> requests,
                                            const TieBreak& ties) const override;
  struct Entry {
    ItemId item;
    float score = 0;
  };
  class Reader;
  std::string name_;
  std::size_t items_;
  bool for_everybody_ = false;
  std::vector<std::vector<Entry>> lists_;
  std::unordered_map<UserKey, std::size_t> list_of_;
};

}  // namespace coldframe
