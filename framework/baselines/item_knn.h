#pragma once

#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

struct ItemKnnOptions {
  std::size_t neighbours = 100;  // kept per item
  double shrinkage = 50.0;       // pulls similarities seen on few users towards 0
};

/// Item-based nearest neighbours on likes: s_ij = n_ij / (sqrt(n_i n_j) + shrinkage), n_ij users who liked both;
/// score_j = sum of s_ij over i in the history with j among the neighbours of i (Deshpande and Karypis 2004).
/// Equal similarities at the edge are ordered by a hash of the pair.
class ItemKnn final : public Baseline {
 public:
  ItemKnn(const TrainingLikes& training, const ItemKnnOptions& options = {});
  std::string_view name() const override { return "item-kNN"; }
  std::size_t minimum_history() const override { return 1; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

 private:
  struct Neighbour {
    ItemId item;
    float similarity;
  };
  std::vector<std::vector<Neighbour>> neighbours_;  // [items], most similar first
};

}  // namespace coldframe
