#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace coldframe {

/// Sizes below which a group says less. From docs/guide/protocol.md: gaps only between groups of at least 50 evaluated
/// users, no number at all for fewer than 30.
struct GroupSizes {
  std::size_t gap = 50;
  std::size_t shown = 30;
};

enum class GroupSize { enough, shown_only, too_few };
std::string_view to_string(GroupSize size);  // "", "shown, in no gap", "too few"

/// A partition of users or items by one label, or by several at once. Members without a value belong to no group and
/// are counted.
class Groups {
 public:
  static constexpr std::int32_t k_none = -1;

  Groups() = default;
  /// labels: one per member, empty for a missing value. Groups are in ascending order of their labels.
  Groups(std::string name, std::span<const std::string> labels);
  /// Intersections: "gender x age" with groups "F x 18-24"; whoever misses one value is in none.
  static Groups crossed(const Groups& a, const Groups& b);

  const std::string& name() const { return name_; }
  std::size_t size() const { return labels_.size(); }
  const std::string& label(std::size_t group) const { return labels_[group]; }
  std::size_t members(std::size_t group) const { return members_[group]; }
  std::size_t without_value() const { return without_value_; }
  /// Group of each member, k_none for none.
  std::span<const std::int32_t> of() const { return of_; }

  GroupSize size_of(std::size_t group, const GroupSizes& sizes) const;
  /// Groups that may enter a gap.
  std::vector<std::size_t> large_enough(const GroupSizes& sizes) const;

 private:
  std::string name_;
  std::vector<std::string> labels_;
  std::vector<std::size_t> members_;
  std::vector<std::int32_t> of_;
  std::size_t without_value_ = 0;
};

/// Stratum of each member by rank of its count (history length, popularity), `strata` of about equal size; equal counts
/// share a stratum.
std::vector<std::uint32_t> rank_strata(std::span<const std::uint64_t> counts, std::size_t strata);

}  // namespace coldframe
