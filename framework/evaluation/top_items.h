#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/tie_break.h"

namespace coldframe {

/// The first K items of a full ranking, in one pass over the scores and without sorting them. Masked items leave the
/// candidate set, so the list is shorter than K when too few candidates are left.
/// Thread-safety: one caller (it keeps scratch memory).
class TopItems {
 public:
  /// Throws ConfigError when the tie breaker was made for another number of items.
  TopItems(std::size_t items, TieBreak ties);

  /// scores [I], one per item. The result lives until the next call. Throws NumericError for a NaN score and DataError
  /// for a masked item outside the catalogue; infinite scores are ordered like any other.
  std::span<const ItemId> select(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                                 std::size_t k);

  std::size_t items() const { return is_masked_.size(); }

 private:
  struct Entry {
    float score;
    std::uint64_t order;
    ItemId item;
  };
  static bool before(const Entry& a, const Entry& b);
  void scan(UserKey user, std::span<const float> scores, std::size_t k);

  TieBreak ties_;
  std::vector<std::uint8_t> is_masked_;  // [I]
  std::vector<Entry> heap_;              // worst entry first
  std::vector<ItemId> top_;
};

/// Throws NumericError that names the user and the first item whose score is NaN.
void expect_no_nan(UserKey user, std::span<const float> scores);

}  // namespace coldframe
