#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/candidate_set.h"
#include "framework/evaluation/tie_break.h"

namespace coldframe {

/// Whose best items are wanted, and among which.
struct TopRequest {
  UserKey user;
  std::span<const ItemId> candidates;  // ascending, distinct
  std::size_t k = 0;
};

struct RankedItem {
  float score = 0;
  ItemId item;
};

/// The best k candidates of one user while items come in any order: higher scores first, equal ones by keyed hash of
/// (user, item). What it ends with does not depend on that order. Borrows candidates and tie breaker.
class RunningTop {
 public:
  /// items: of the catalogue; candidates are among them.
  RunningTop(const TopRequest& request, const TieBreak& ties, std::size_t items);

  /// Items scored below it need not be offered.
  float threshold() const { return threshold_; }
  /// Does nothing for an item that is no candidate; NumericError for a NaN score of one that is.
  void offer(ItemId item, float score);
  /// Best first; nothing is left here.
  std::vector<RankedItem> finish();

 private:
  /// The hash that orders ties is made when there is one.
  bool before(const RankedItem& a, const RankedItem& b) const;

  CandidateSet candidates_;
  UserKey user_;
  std::size_t k_;
  const TieBreak* ties_;
  float threshold_;
  std::vector<RankedItem> heap_;  // worst entry first
};

/// The best k candidates of a full row of scores [I].
std::vector<RankedItem> top_of_row(const TopRequest& request, std::span<const float> scores, const TieBreak& ties);

}  // namespace coldframe
