#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/simulation/world_data.h"

namespace coldframe {

/// What items are tagged with: genres, or whatever categories a catalogue has.
struct ItemTags {
  std::vector<std::string> names;
  std::vector<std::vector<std::uint32_t>> of_item;  // [items]
};

/// The `most` most frequent values of the item columns with several values per item; of the category columns when there
/// is no such column. None in a catalogue without either.
ItemTags item_tags(const Dataset& data, std::size_t most = 24);

/// One user's likes in numbers that do not depend on which items they are: how many; how popular (mean and spread of
/// log popularity, shares in the quarters of all likes); which tags; how diverse (entropy over tags, how much more
/// often than by chance people like both of two liked items); and how they go with the user's attributes and group.
/// Popularity, pairs and attributes are those of reference people, whom the compared users must not be among.
class LikesFeatures {
 public:
  LikesFeatures(const WorldData& reference, ItemTags tags);

  const std::vector<std::string>& names() const { return names_; }
  /// [names]
  std::vector<double> of(const WorldUser& user) const;

 private:
  void learn_pairs(const WorldData& reference);
  void learn_attributes(const WorldData& reference);
  void add_popularity(const WorldUser& user, std::vector<double>& out) const;
  void add_tags(const WorldUser& user, std::vector<double>& out) const;
  double pair_affinity(const WorldUser& user) const;
  double attribute_affinity(const WorldUser& user) const;
  double group_affinity(const WorldUser& user) const;

  std::vector<std::string> names_;
  ItemTags tags_;
  std::vector<double> counts_;         // [I] likes of the reference
  std::vector<std::uint8_t> quarter_;  // [I] 0: the items of the first quarter of all likes, by popularity
  std::vector<std::size_t> place_;     // [I] among the most popular items, or their number
  std::size_t paired_ = 0;             // n, the most popular items
  std::vector<double> affinity_;       // [n, n] log((together + 1) / (expected + 1))
  std::vector<double> attributes_;     // [I, P] mean centred attributes of who likes it, shrunk towards 0
  std::size_t attribute_size_ = 0;     // P
  std::vector<double> group_lift_;     // [G, I] log share in the group / share of all
  std::size_t group_count_ = 1;        // G
};

}  // namespace coldframe
