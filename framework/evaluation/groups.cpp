#include "framework/evaluation/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "framework/core/error.h"

namespace coldframe {

std::string_view to_string(GroupSize size) {
  switch (size) {
    case GroupSize::enough:
      return "";
    case GroupSize::shown_only:
      return "shown, in no gap";
    case GroupSize::too_few:
      return "too few";
  }
  return "";
}

Groups::Groups(std::string name, std::span<const std::string> labels) : name_(std::move(name)) {
  std::map<std::string, std::size_t> sizes;
  for (const std::string& label : labels) {
    if (!label.empty()) ++sizes[label];
  }
  std::map<std::string, std::int32_t> index;
  for (const auto& [label, members] : sizes) {
    index[label] = static_cast<std::int32_t>(labels_.size());
    labels_.push_back(label);
    members_.push_back(members);
  }
  for (const std::string& label : labels) {
    of_.push_back(label.empty() ? k_none : index[label]);
    without_value_ += label.empty() ? 1 : 0;
  }
}

Groups Groups::crossed(const Groups& a, const Groups& b) {
  if (a.of_.size() != b.of_.size()) {
    throw DataError(fmt::format("{} and {} cannot be crossed", a.name_, b.name_),
                    "they group different numbers of members");
  }
  std::vector<std::string> labels(a.of_.size());
  for (std::size_t m = 0; m < labels.size(); ++m) {
    if (a.of_[m] == k_none || b.of_[m] == k_none) continue;
    labels[m] = fmt::format("{} x {}", a.labels_[static_cast<std::size_t>(a.of_[m])],
                            b.labels_[static_cast<std::size_t>(b.of_[m])]);
  }
  return Groups(fmt::format("{} x {}", a.name_, b.name_), labels);
}

GroupSize Groups::size_of(std::size_t group, const GroupSizes& sizes) const {
  if (members_[group] < sizes.shown) return GroupSize::too_few;
  return members_[group] < sizes.gap ? GroupSize::shown_only : GroupSize::enough;
}

std::vector<std::size_t> Groups::large_enough(const GroupSizes& sizes) const {
  std::vector<std::size_t> groups;
  for (std::size_t g = 0; g < size(); ++g) {
    if (size_of(g, sizes) == GroupSize::enough) groups.push_back(g);
  }
  return groups;
}

std::vector<std::uint32_t> rank_strata(std::span<const std::uint64_t> counts, std::size_t strata) {
  if (strata == 0) throw ConfigError("0 strata", "at least one is needed", "use 4");
  std::vector<std::uint64_t> ascending(counts.begin(), counts.end());
  std::sort(ascending.begin(), ascending.end());
  std::vector<std::uint32_t> of;
  for (const std::uint64_t count : counts) {
    const auto first = std::lower_bound(ascending.begin(), ascending.end(), count) - ascending.begin();
    of.push_back(static_cast<std::uint32_t>(static_cast<std::size_t>(first) * strata / ascending.size()));
  }
  return of;
}

}  // namespace coldframe
