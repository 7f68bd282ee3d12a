#include "framework/evaluation/ranking_stability.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>
#include <vector>

#include "framework/core/error.h"

namespace coldframe {
namespace {

std::unordered_set<ItemId> as_set(std::span<const ItemId> list) {
  std::unordered_set<ItemId> items(list.begin(), list.end());
  if (items.size() != list.size()) {
    throw DataError("a ranked list names an item twice", "overlap is defined for lists without repeats");
  }
  return items;
}

void require_persistence(double p) {
  if (!(p > 0.0 && p < 1.0)) {
    throw ConfigError(fmt::format("rank-biased overlap with p = {}", p), "it lies between 0 and 1", "use 0.9");
  }
}

/// X_d = |A_d and B_d| for d = 1 .. max(|a|, |b|); behind its end a list keeps what it has.
std::vector<double> overlaps(std::span<const ItemId> a, std::span<const ItemId> b) {
  as_set(a);
  as_set(b);
  std::unordered_set<ItemId> seen_a, seen_b;
  std::vector<double> overlap;
  double common = 0.0;
  for (std::size_t d = 0; d < std::max(a.size(), b.size()); ++d) {
    if (d < a.size()) {
      seen_a.insert(a[d]);
      common += seen_b.count(a[d]) != 0 ? 1.0 : 0.0;
    }
    if (d < b.size()) {
      seen_b.insert(b[d]);
      common += seen_a.count(b[d]) != 0 ? 1.0 : 0.0;
    }
    overlap.push_back(common);
  }
  return overlap;
}

}  // namespace

double jaccard(std::span<const ItemId> a, std::span<const ItemId> b) {
  const auto first = as_set(a), second = as_set(b);
  const auto common = std::count_if(first.begin(), first.end(), [&](ItemId item) { return second.count(item) != 0; });
  const std::size_t either = first.size() + second.size() - static_cast<std::size_t>(common);
  return either == 0 ? 1.0 : static_cast<double>(common) / static_cast<double>(either);
}

double rbo(std::span<const ItemId> a, std::span<const ItemId> b, double p) {
  require_persistence(p);
  const std::vector<double> overlap = overlaps(a, b);
  double sum = 0.0, weight = 1.0;
  for (std::size_t d = 1; d <= std::min(a.size(), b.size()); ++d) {
    sum += weight * overlap[d - 1] / static_cast<double>(d);
    weight *= p;
  }
  return (1.0 - p) * sum;
}

double rbo_extrapolated(std::span<const ItemId> a, std::span<const ItemId> b, double p) {
  require_persistence(p);
  const std::vector<double> overlap = overlaps(a, b);
  if (a.empty() || b.empty()) return a.empty() && b.empty() ? 1.0 : 0.0;
  const auto s = static_cast<double>(std::min(a.size(), b.size())), l = static_cast<double>(overlap.size());
  const double at_s = overlap[std::min(a.size(), b.size()) - 1], at_l = overlap.back();
  double sum = 0.0, weight = 1.0;
  for (std::size_t place = 0; place < overlap.size(); ++place) {
    const double d = static_cast<double>(place) + 1.0;
    weight *= p;
    sum += weight * overlap[place] / d;
    if (d > s) sum += weight * at_s * (d - s) / (s * d);
  }
  return (1.0 - p) / p * sum + ((at_l - at_s) / l + at_s / s) * weight;
}

std::optional<double> kendall_tau(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) throw DataError("two rankings differ in length", "each item needs a score in both");
  double concordant = 0.0, discordant = 0.0, tied_a = 0.0, tied_b = 0.0, pairs = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const int first = (a[i] > a[j]) - (a[i] < a[j]), second = (b[i] > b[j]) - (b[i] < b[j]);
      pairs += 1.0;
      tied_a += first == 0 ? 1.0 : 0.0;
      tied_b += second == 0 ? 1.0 : 0.0;
      concordant += first * second > 0 ? 1.0 : 0.0;
      discordant += first * second < 0 ? 1.0 : 0.0;
    }
  }
  if (pairs == tied_a || pairs == tied_b) return std::nullopt;
  return (concordant - discordant) / std::sqrt((pairs - tied_a) * (pairs - tied_b));
}

std::optional<double> kendall_tau_of_lists(std::span<const ItemId> a, std::span<const ItemId> b) {
  as_set(a);
  as_set(b);
  std::map<ItemId, std::pair<double, double>> places;
  const double behind = static_cast<double>(std::max(a.size(), b.size()));
  for (std::size_t r = 0; r < a.size(); ++r) places[a[r]] = {static_cast<double>(r), behind};
  for (std::size_t r = 0; r < b.size(); ++r) {
    places.try_emplace(b[r], behind, behind).first->second.second = static_cast<double>(r);
  }
  std::vector<double> first, second;
  for (const auto& [item, place] : places) {
    first.push_back(place.first);
    second.push_back(place.second);
  }
  return kendall_tau(first, second);
}

}  // namespace coldframe
