#include "framework/evaluation/item_fairness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/core/error.h"

namespace coldframe {
namespace {

double total(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

double total(std::span<const double> values, std::span<const ItemId> items) {
  double sum = 0.0;
  for (const ItemId item : items) sum += values[item.value()];
  return sum;
}

void require_same(std::span<const double> exposure, std::span<const double> merit) {
  if (exposure.size() != merit.size()) {
    throw DataError(fmt::format("exposure of {} items, merit of {}", exposure.size(), merit.size()),
                    "every item needs both");
  }
}

}  // namespace

std::vector<double> logarithmic_attention(std::size_t k) {
  std::vector<double> attention;
  for (std::size_t r = 1; r <= k; ++r) attention.push_back(1.0 / std::log2(1.0 + static_cast<double>(r)));
  return attention;
}

PositionExposure::PositionExposure(std::size_t items, std::vector<double> attention)
    : items_(items), attention_(std::move(attention)), counts_(items * attention_.size(), 0) {}

void PositionExposure::add_slate(std::span<const ItemId> slate) {
  const std::size_t seen = std::min(slate.size(), attention_.size());
  for (std::size_t r = 0; r < seen; ++r) {
    if (slate[r].value() >= items_) {
      throw DataError(fmt::format("shown item {}", slate[r].value()),
                      fmt::format("the catalogue has {} items", items_));
    }
  }
  for (std::size_t r = 0; r < seen; ++r) ++counts_[slate[r].value() * attention_.size() + r];
}

void PositionExposure::merge(const PositionExposure& other) {
  if (other.items_ != items_ || other.attention_ != attention_) {
    throw DataError("two exposures cannot be joined", "their catalogues or laws of attention differ");
  }
  for (std::size_t c = 0; c < counts_.size(); ++c) counts_[c] += other.counts_[c];
}

double PositionExposure::of(ItemId item) const {
  double sum = 0.0;
  for (std::size_t r = 0; r < attention_.size(); ++r) {
    sum += attention_[r] * static_cast<double>(counts_[item.value() * attention_.size() + r]);
  }
  return sum;
}

std::vector<double> PositionExposure::all() const {
  std::vector<double> exposure;
  for (std::uint32_t i = 0; i < items_; ++i) exposure.push_back(of(ItemId(i)));
  return exposure;
}

std::optional<double> disparate_treatment(std::span<const double> exposure, std::span<const double> merit,
                                          std::span<const ItemId> g, std::span<const ItemId> h) {
  require_same(exposure, merit);
  // Means over one group share its size, which cancels within E / U.
  const double merit_g = total(merit, g), merit_h = total(merit, h), exposure_h = total(exposure, h);
  if (!(merit_g > 0.0 && merit_h > 0.0 && exposure_h > 0.0)) return std::nullopt;
  return (total(exposure, g) / merit_g) / (exposure_h / merit_h);
}

std::optional<double> inequity_of_attention(std::span<const double> exposure, std::span<const double> merit) {
  require_same(exposure, merit);
  const double all_exposure = total(exposure), all_merit = total(merit);
  if (!(all_exposure > 0.0 && all_merit > 0.0)) return std::nullopt;
  double sum = 0.0;
  for (std::size_t i = 0; i < exposure.size(); ++i) sum += std::abs(exposure[i] / all_exposure - merit[i] / all_merit);
  return sum;
}

double attention_weighted_fairness(std::span<const double> exposure_shares, std::span<const double> target_shares) {
  require_same(exposure_shares, target_shares);
  double distance = 0.0;
  for (std::size_t g = 0; g < exposure_shares.size(); ++g) distance += std::abs(exposure_shares[g] - target_shares[g]);
  return 1.0 - 0.5 * distance;
}

std::optional<double> exposure_over_merit(std::span<const double> exposure, std::span<const double> merit,
                                          std::span<const ItemId> items) {
  require_same(exposure, merit);
  const double all_exposure = total(exposure), their_merit = total(merit, items);
  if (!(all_exposure > 0.0 && their_merit > 0.0)) return std::nullopt;
  return (total(exposure, items) / all_exposure) / (their_merit / total(merit));
}

std::optional<double> users_until_impression(std::uint64_t shown, std::uint64_t users, std::uint64_t k) {
  if (shown > users) {
    throw DataError(fmt::format("an item in {} of {} lists", shown, users), "a list shows an item once");
  }
  if (k == 0 || shown < k) return std::nullopt;
  return static_cast<double>(k) * (static_cast<double>(users) + 1.0) / (static_cast<double>(shown) + 1.0);
}

}  // namespace coldframe
