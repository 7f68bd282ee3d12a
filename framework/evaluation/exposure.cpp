#include "framework/evaluation/exposure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/evaluation/tie_break.h"

namespace coldframe {

Exposure Exposure::from_counts(std::vector<std::uint64_t> counts) {
  Exposure exposure(0);
  exposure.counts_ = std::move(counts);
  for (const std::uint64_t count : exposure.counts_) exposure.slots_ += count;
  return exposure;
}

void Exposure::add_list(std::span<const ItemId> shown) {
  for (const ItemId item : shown) {
    if (item.value() >= counts_.size()) {
      throw DataError(fmt::format("shown item {}", item.value()),
                      fmt::format("the catalogue has {} items", counts_.size()));
    }
  }
  for (const ItemId item : shown) ++counts_[item.value()];
  slots_ += shown.size();
}

void Exposure::merge(const Exposure& other) {
  if (other.counts_.size() != counts_.size()) {
    throw DataError(fmt::format("exposure of {} items merged with one of {}", counts_.size(), other.counts_.size()),
                    "shards must share one catalogue");
  }
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  slots_ += other.slots_;
}

std::size_t Exposure::distinct() const {
  return static_cast<std::size_t>(
      std::count_if(counts_.begin(), counts_.end(), [](std::uint64_t count) { return count > 0; }));
}

double Exposure::coverage() const {
  return counts_.empty() ? 0.0 : static_cast<double>(distinct()) / static_cast<double>(counts_.size());
}

double Exposure::coverage_pad() const {
  return static_cast<double>(distinct()) / (static_cast<double>(counts_.size()) + 1.0);
}

double Exposure::gini_over(double items) const {
  if (slots_ == 0) return 0.0;
  std::vector<std::uint64_t> ascending = counts_;
  std::sort(ascending.begin(), ascending.end());
  double sum = 0.0;
  double place = items - static_cast<double>(ascending.size());  // the padding item comes first and counts 0
  for (const std::uint64_t count : ascending) {
    place += 1.0;
    sum += (2.0 * place - items - 1.0) * static_cast<double>(count);
  }
  return sum / (items * static_cast<double>(slots_));
}

double Exposure::gini() const { return gini_over(static_cast<double>(counts_.size())); }
double Exposure::gini_pad() const { return gini_over(static_cast<double>(counts_.size()) + 1.0); }

double Exposure::entropy() const {
  double sum = 0.0;
  for (const std::uint64_t count : counts_) {
    if (count == 0) continue;
    const double p = static_cast<double>(count) / static_cast<double>(slots_);
    sum -= p * std::log(p);
  }
  return sum;
}

double Exposure::entropy_per_item() const { return slots_ == 0 ? 0.0 : entropy() / static_cast<double>(distinct()); }

double Exposure::share_of(std::span<const ItemId> items) const {
  if (slots_ == 0) return 0.0;
  std::uint64_t inside = 0;
  for (const ItemId item : items) inside += counts_[item.value()];
  return static_cast<double>(inside) / static_cast<double>(slots_);
}

double Exposure::mean_popularity(std::span<const std::uint64_t> train_counts) const {
  if (train_counts.size() != counts_.size()) {
    throw DataError(fmt::format("{} training counts for {} items", train_counts.size(), counts_.size()),
                    "each item needs its own count");
  }
  if (slots_ == 0) return 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += static_cast<double>(counts_[i]) * static_cast<double>(train_counts[i]);
  }
  return sum / static_cast<double>(slots_);
}

std::vector<ItemId> tail_items(std::span<const std::uint64_t> train_counts, double share, std::uint64_t seed) {
  const TieBreak ties(seed);
  std::vector<ItemId> items;
  for (std::uint32_t row = 0; row < train_counts.size(); ++row) items.emplace_back(row);
  std::sort(items.begin(), items.end(), [&](ItemId a, ItemId b) {
    const std::uint64_t count_a = train_counts[a.value()];
    const std::uint64_t count_b = train_counts[b.value()];
    if (count_a != count_b) return count_a < count_b;
    return ties.order(UserKey(0), a) < ties.order(UserKey(0), b);
  });
  items.resize(static_cast<std::size_t>(share * static_cast<double>(items.size())));
  return items;
}

std::vector<ItemId> tail_seen_items(std::span<const std::uint64_t> train_counts, double ratio) {
  std::vector<ItemId> items;
  for (std::uint32_t row = 0; row < train_counts.size(); ++row) {
    if (train_counts[row] == 0) continue;
    if (ratio > 1.0 && static_cast<double>(train_counts[row]) > ratio) continue;
    items.emplace_back(row);
  }
  if (ratio > 1.0 || items.empty()) return items;
  std::stable_sort(items.begin(), items.end(),
                   [&](ItemId a, ItemId b) { return train_counts[a.value()] < train_counts[b.value()]; });
  const auto cut = static_cast<std::size_t>(ratio * static_cast<double>(items.size()));
  items.resize(std::max<std::size_t>(cut, 1));
  return items;
}

}  // namespace coldframe
