#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/top_items.h"

namespace coldframe {

// Legend: K places of a list, v(r) attention that place r gets, G the group of items that is to be seen more.

struct ScoredItem {
  ItemId item;
  float score = 0;
  std::uint64_t order = 0;  // of equal scores (tie_break.h)
};

/// The best K items of the group and the best K others: all that a re-ranked list of K places can hold.
struct SplitList {
  std::vector<ScoredItem> group;   // best first
  std::vector<ScoredItem> others;  // best first
};

/// Splits the ranking of one user at a time. Thread-safety: one caller (it keeps scratch memory).
class ListSplitter {
 public:
  /// `group`: items of G, each once. ConfigError when it holds none, or all of them.
  ListSplitter(std::size_t items, TieBreak ties, std::span<const ItemId> group);

  /// scores [I]; as TopItems::select.
  SplitList split(UserKey user, std::span<const float> scores, std::span<const ItemId> masked, std::size_t k);

 private:
  std::vector<ScoredItem> best(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                               std::span<const ItemId> outside, std::size_t k);

  TieBreak ties_;
  TopItems selector_;
  std::vector<ItemId> group_, others_;
  std::vector<ItemId> left_out_;
};

/// The list of `k` places in the order of score + bonus for items of G, and score for others. An item of G goes first
/// where both are level; with a bonus of 0 the list is the ranking as it was.
std::vector<ItemId> boosted_list(const SplitList& list, double bonus, std::size_t k);

/// What the group gets over some lists: its share of all attention, and the utility sum v(r) score(place r) of the
/// lists.
struct BoostedExposure {
  double share = 0;
  double utility = 0;
};
/// attention [places that count], as logarithmic_attention() gives it; lists may be longer.
BoostedExposure boosted_exposure(std::span<const SplitList> lists, double bonus, std::span<const double> attention);

/// The smallest bonus with which G gets at least `share` of the attention of all lists together, which is how lists
/// with that exposure lose least: for every bonus the lists have the largest utility among all lists that give G as
/// much exposure as they do (a bonus is the multiplier of the constraint; Everett, Operations Research 1963), so only
/// the last step may overshoot. The constraint is that of Singh and Joachims ("Fairness of exposure in rankings", KDD
/// 2018), amortised over users as by Biega et al. (SIGIR 2018); with one list it binds each list by itself. Exact:
/// found by bisection of the bit patterns of doubles. Empty when the group has too few candidates. Thread-safety: pure.
std::optional<double> smallest_boost(std::span<const SplitList> lists, std::span<const double> attention, double share);

}  // namespace coldframe
