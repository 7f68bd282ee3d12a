#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/ids.h"
#include "framework/core/philox.h"

namespace coldframe {

/// The likes of one user that training may see, oldest first, without repeats.
struct UserLikes {
  UserId user;
  UserKey key;
  std::vector<ItemId> items;
};

/// One training pair: a user as known through `history` (newest first), and an item that user liked.
struct TrainingPair {
  UserId user;
  ItemId positive;
  std::vector<ItemId> history;
};

/// Draws training pairs as a pure function of (seed, position in the run): every epoch visits each user once in a keyed
/// order; the positive is uniform over the user's likes; the history has a size drawn uniformly from `history_sizes`
/// and is drawn without replacement from the user's other likes.
class PairSampler {
 public:
  /// Users without likes are left out. Throws DataError when nobody is left.
  PairSampler(std::vector<UserLikes> users, std::vector<std::int64_t> history_sizes, std::uint64_t seed);

  TrainingPair pair(std::uint64_t position) const;
  /// Pairs [position, position + count).
  std::vector<TrainingPair> pairs(std::uint64_t position, std::size_t count) const;
  /// Items drawn uniformly without replacement for one step: `count` of `items`.
  std::vector<ItemId> extra_items(std::uint64_t step, std::size_t count, std::size_t items) const;

  std::uint64_t epoch_of(std::uint64_t position) const { return position / users_.size(); }
  std::size_t users() const { return users_.size(); }

  /// The pair law: the probability that a pair's positive is item j, for every item. Sums to 1.
  std::vector<double> positive_law(std::size_t items) const;

 private:
  std::vector<UserLikes> users_;  // sorted by key
  std::vector<std::int64_t> history_sizes_;
  PhiloxKey order_;
  KeyedRandom view_;
  PhiloxKey extra_;
};

/// Probability that item j stands among the candidates of a row by way of the other rows or of the extra items:
///   pi_j = 1 - (1 - p_j)^(batch - 1) (1 - extra / N)
/// with p the pair law and N the number of items. The row's own positive is certain and has no correction.
/// Returns log(pi_j), -infinity where an item can never appear.
std::vector<float> log_inclusion(const std::vector<double>& positive_law, std::size_t batch, std::size_t extra);

}  // namespace coldframe
