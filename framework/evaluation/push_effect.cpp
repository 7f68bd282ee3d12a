#include "framework/evaluation/push_effect.h"

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {
namespace {

bool contains(std::span<const ItemId> items, ItemId item) { return std::ranges::find(items, item) != items.end(); }

void add(TargetPlaces& sum, const TargetPlaces& one) {
  sum.hits += one.hits;
  sum.place += one.place;
  sum.score += one.score;
}

void divide(TargetPlaces& sum, double by) {
  sum.hits /= by;
  sum.place /= by;
  sum.score /= by;
}

}  // namespace

std::size_t place_of(UserKey user, std::span<const float> scores, std::span<const ItemId> masked, ItemId item,
                     const TieBreak& ties) {
  CF_EXPECTS(item.value() < scores.size());
  const float own = scores[item.value()];
  const std::uint64_t own_order = ties.order(user, item);
  const auto before = [&](ItemId other) {
    const float score = scores[other.value()];
    if (score != own) return score > own;
    if (other == item) return false;
    const std::uint64_t order = ties.order(user, other);
    return order != own_order ? order < own_order : other < item;
  };
  std::size_t place = 1;
  for (std::uint32_t row = 0; row < scores.size(); ++row) {
    if (before(ItemId(row))) ++place;
  }
  for (const ItemId hidden : masked) {
    if (before(hidden)) --place;
  }
  return place;
}

TargetPlaces target_places(UserKey user, std::span<const float> scores, std::span<const ItemId> masked,
                           std::span<const ItemId> targets, std::size_t k, const TieBreak& ties) {
  TargetPlaces found;
  for (const ItemId target : targets) {
    if (contains(masked, target)) continue;
    const std::size_t place = place_of(user, scores, masked, target, ties);
    ++found.targets;
    add(found, {0, place <= k ? 1.0 : 0.0, static_cast<double>(place), static_cast<double>(scores[target.value()])});
  }
  if (found.targets > 0) divide(found, static_cast<double>(found.targets));
  return found;
}

std::vector<PushedUser> mean_by_user(std::vector<PushedUser> rows) {
  std::ranges::stable_sort(rows, {}, &PushedUser::user);
  std::vector<PushedUser> means;
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end].user == rows[begin].user) ++end;
    PushedUser mean{rows[begin].user, {}, {}};
    double with_targets = 0;
    for (std::size_t row = begin; row < end; ++row) {
      for (std::size_t side : {0, 1}) {
        mean.utility[side] += rows[row].utility[side] / static_cast<double>(end - begin);
        if (rows[row].places[side].targets == 0) continue;
        mean.places[side].targets = std::max(mean.places[side].targets, rows[row].places[side].targets);
        add(mean.places[side], rows[row].places[side]);
      }
      with_targets += rows[row].places[0].targets > 0 ? 1 : 0;
    }
    for (std::size_t side : {0, 1}) {
      if (with_targets > 0) divide(mean.places[side], with_targets);
    }
    means.push_back(mean);
  }
  return means;
}

}  // namespace coldframe
