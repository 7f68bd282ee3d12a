#include "framework/evaluation/exposure_boost.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "framework/core/error.h"

namespace coldframe {
namespace {

/// Whether the group's item goes before the other one.
bool group_first(const ScoredItem& member, const ScoredItem& other, double bonus) {
  // The difference, not the sum: it is the same number that makes both level, without rounding.
  const double lead = static_cast<double>(other.score) - static_cast<double>(member.score);
  if (bonus > 0 || lead != 0) return lead <= bonus;
  return member.order != other.order ? member.order < other.order : member.item < other.item;
}

/// Calls visit(place from 0, item, is member) for the places of a list.
template <class Visit>
void walk(const SplitList& list, double bonus, std::size_t k, Visit visit) {
  std::size_t g = 0, h = 0;
  for (std::size_t place = 0; place < k && (g < list.group.size() || h < list.others.size()); ++place) {
    const bool member =
        h == list.others.size() || (g < list.group.size() && group_first(list.group[g], list.others[h], bonus));
    visit(place, member ? list.group[g++] : list.others[h++], member);
  }
}

double share_of(std::span<const SplitList> lists, double bonus, std::span<const double> attention) {
  return boosted_exposure(lists, bonus, attention).share;
}

}  // namespace

ListSplitter::ListSplitter(std::size_t items, TieBreak ties, std::span<const ItemId> group)
    : ties_(ties), selector_(items, std::move(ties)), group_(group.begin(), group.end()) {
  std::vector<std::uint8_t> inside(items, 0);
  for (const ItemId item : group_) {
    if (item.value() >= items || inside[item.value()]++ > 0) {
      throw DataError(fmt::format("item {} in a group of items", item.value()),
                      fmt::format("it stands there twice, or is none of the {} of the catalogue", items));
    }
  }
  for (std::uint32_t i = 0; i < items; ++i) {
    if (inside[i] == 0) others_.emplace_back(i);
  }
  if (group_.empty() || others_.empty()) {
    throw ConfigError("no exposure can be moved", fmt::format("the group holds {} of {} items", group_.size(), items),
                      "name a part of the catalogue");
  }
}

std::vector<ScoredItem> ListSplitter::best(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                                           std::span<const ItemId> outside, std::size_t k) {
  left_out_.assign(masked.begin(), masked.end());
  left_out_.insert(left_out_.end(), outside.begin(), outside.end());
  std::vector<ScoredItem> best;
  for (const ItemId item : selector_.select(user, scores, left_out_, k)) {
    best.push_back({item, scores[item.value()], ties_.order(user, item)});
  }
  return best;
}

SplitList ListSplitter::split(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                              std::size_t k) {
  return {best(user, scores, masked, others_, k), best(user, scores, masked, group_, k)};
}

std::vector<ItemId> boosted_list(const SplitList& list, double bonus, std::size_t k) {
  std::vector<ItemId> items;
  walk(list, bonus, k, [&](std::size_t, const ScoredItem& entry, bool) { items.push_back(entry.item); });
  return items;
}

BoostedExposure boosted_exposure(std::span<const SplitList> lists, double bonus, std::span<const double> attention) {
  double of_group = 0, all = 0, utility = 0;
  for (const SplitList& list : lists) {
    walk(list, bonus, attention.size(), [&](std::size_t place, const ScoredItem& entry, bool member) {
      all += attention[place];
      of_group += member ? attention[place] : 0.0;
      utility += attention[place] * static_cast<double>(entry.score);
    });
  }
  return {all > 0 ? of_group / all : 0.0, utility};
}

std::optional<double> smallest_boost(std::span<const SplitList> lists, std::span<const double> attention,
                                     double share) {
  if (share_of(lists, 0.0, attention) >= share) return 0.0;
  constexpr double largest = std::numeric_limits<double>::max();
  if (share_of(lists, largest, attention) < share) return std::nullopt;
  // Patterns of doubles that are not negative are ordered as the numbers are.
  auto low = std::bit_cast<std::uint64_t>(0.0), high = std::bit_cast<std::uint64_t>(largest);
  while (high - low > 1) {
    const std::uint64_t middle = low + (high - low) / 2;
    (share_of(lists, std::bit_cast<double>(middle), attention) >= share ? high : low) = middle;
  }
  return std::bit_cast<double>(high);
}

}  // namespace coldframe
