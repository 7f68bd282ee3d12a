#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/baselines/baseline.h"
#include "framework/core/philox.h"

namespace coldframe {

/// The floor: a keyed uniform score per (user, item), the same at every k. item_keys: one stable key per row (a hash of
/// the external id), so that the order of rows in a file changes nothing.
class RandomBaseline final : public Baseline {
 public:
  RandomBaseline(std::uint64_t seed, std::vector<std::uint64_t> item_keys)
      : random_(seed, Purpose::exploration), item_keys_(std::move(item_keys)) {}
  std::string_view name() const override { return "random"; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

 private:
  KeyedRandom random_;
  std::vector<std::uint64_t> item_keys_;  // [items]
};

/// Number of training users who liked the item: a hard floor for new users.
class PopularityBaseline final : public Baseline {
 public:
  explicit PopularityBaseline(const TrainingLikes& training);
  std::string_view name() const override { return "popularity"; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

 private:
  std::vector<float> counts_;  // [items]
};

/// log((n_i + 1) / (N + I)), n_i likes of item i, N of all items, I the catalogue size: what is added to text scores as
/// "item prior". Alone it ranks as popularity does; an item nobody liked keeps a finite score.
std::vector<float> item_log_prior(const TrainingLikes& training);
/// The same from the numbers n_i. [items]
std::vector<float> item_log_prior(std::span<const std::uint64_t> likes);

class ItemPriorBaseline final : public Baseline {
 public:
  explicit ItemPriorBaseline(const TrainingLikes& training) : prior_(item_log_prior(training)) {}
  std::string_view name() const override { return "item prior"; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

 private:
  std::vector<float> prior_;  // [items]
};

}  // namespace coldframe
