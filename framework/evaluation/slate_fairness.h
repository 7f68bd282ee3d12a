#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/groups.h"
#include "framework/evaluation/selection_fairness.h"

namespace coldframe {

/// Lists of items by label; an item may have several labels (genres) or none.
struct ItemGroups {
  std::string name;
  std::vector<std::string> labels;             // ascending
  std::vector<std::vector<std::uint32_t>> of;  // [I] groups of each item

  /// labels: any number per item.
  static ItemGroups make(std::string name, std::span<const std::vector<std::string>> labels);
  std::vector<ItemId> members(std::size_t group) const;
};

/// What one user was shown, with what equalised odds need to know.
struct ServedUser {
  std::span<const ItemId> slate;
  std::size_t candidates = 0;  // items that could have been shown
  std::size_t targets = 0;     // relevant ones among them
  std::size_t hits = 0;        // relevant ones in the slate
};

/// Parity of one item group over user groups. With K slots for each user, parity of selection over users is identically
/// 0; what can differ is what fills the slots.
struct SlateParity {
  std::size_t item_group = 0;
  std::vector<std::optional<double>>
      shares;  // [user groups] share of slots with the item group; empty: not enough users
  std::optional<double> largest_difference;  // empty below two user groups of enough users
};

/// Per item group the largest difference over user groups in slate share. users [members of user_groups].
std::vector<SlateParity> slate_parity(std::span<const ServedUser> users, const Groups& user_groups,
                                      const ItemGroups& item_groups, const GroupSizes& sizes = {});

/// Decisions over all (user, item) pairs of candidates, one entry per user group: selected = in the slate, positive = a
/// target.
std::vector<DecisionCounts> slate_decisions(std::span<const ServedUser> users, const Groups& user_groups);

}  // namespace coldframe
