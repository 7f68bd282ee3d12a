#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"
#include "framework/data/likes.h"

namespace coldframe {

/// All that a baseline is fitted on: the likes of training users (role T), and nothing else.
struct TrainingLikes {
  std::size_t items = 0;
  std::vector<UserId> users;
  std::vector<std::vector<ItemId>> likes;  // one list of distinct items per user

  std::vector<std::uint64_t> item_counts() const;  // [items] users who liked it
  /// Throws DataError for an item outside the catalogue, twice in a list, or lists that do not match the users.
  void check() const;
};

TrainingLikes training_likes(const Likes& likes, std::span<const UserId> users);

/// What a baseline may know of a user it has to serve.
struct BaselineQuery {
  UserKey key;                              // for random scores
  UserId user;                              // row in `attributes`
  const EntityTable* attributes = nullptr;  // nullptr: no attributes are known
  std::span<const ItemId> history;          // what the user liked so far, oldest first
  std::string_view text = {};               // what the user searches for; empty: nothing
  double text_weight = 1;                   // of the text beside the history, from 0 to 1
};

/// A recommender that needs no text and no training loop: what every trained strategy must be measured against.
/// Higher scores rank first. Thread-safety: score() is const and may be called from several threads.
class Baseline {
 public:
  virtual ~Baseline() = default;
  virtual std::string_view name() const = 0;  // "popularity"
  /// Smallest history it can work with: 1 for purely collaborative ones.
  virtual std::size_t minimum_history() const { return 0; }
  /// Whether the query tells enough.
  virtual bool can_score(const BaselineQuery& query) const { return query.history.size() >= minimum_history(); }
  /// scores [items]; items already seen are scored too, masking is the evaluation's business.
  virtual void score(const BaselineQuery& query, std::span<float> scores) const = 0;
};

}  // namespace coldframe
