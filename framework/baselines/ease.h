#pragma once

#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

struct EaseOptions {
  double ridge = 200.0;
  double popularity = 0.1;          // weight of n_j / |T| in the score: breaks the silence of short histories
  std::size_t most_items = 20'000;  // the dense inverse needs 16 items^2 bytes while fitting
};

/// EASE (Steck 2019, "Embarrassingly shallow autoencoders"): the linear item-item model with zero diagonal in closed
/// form,
///   P = (X'X + ridge I)^-1,  B_ij = -P_ij / P_jj for i != j,
///   score_j = sum_{i in history} B_ij + popularity n_j / |T|,
/// X the 0/1 matrix of training users and items.
class Ease final : public Baseline {
 public:
  Ease(const TrainingLikes& training, const EaseOptions& options = {});
  std::string_view name() const override { return "EASE"; }
  std::size_t minimum_history() const override { return 1; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

  /// B_ij: what a like of i adds to the score of j.
  float weight(ItemId i, ItemId j) const { return weights_[i.value() * popularity_.size() + j.value()]; }

 private:
  std::vector<float> weights_;     // [items, items] B
  std::vector<float> popularity_;  // [items] weighted
};

}  // namespace coldframe
