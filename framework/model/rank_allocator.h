#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coldframe {

/// How many triplets may stay at which step (AdaLoRA, arXiv 2303.10512, equation 13). Steps count from 1.
struct RankSchedule {
  std::int64_t initial = 0;      // triplets at the start, all maps together
  std::int64_t target = 0;       // at the end
  std::int64_t first_steps = 0;  // with all of them
  std::int64_t final_steps = 0;  // with the last choice
  std::int64_t every = 1;        // steps between two choices
  std::int64_t steps = 0;        // of the run

  std::int64_t last_choice() const { return steps - final_steps; }
  std::int64_t budget(std::int64_t step) const;
  bool chooses(std::int64_t step) const;
};

/// Smoothed sensitivity I' and uncertainty U' of the elements of one tensor (equations 9 to 11):
///   I = |w g|,  I' <- b1 I' + (1 - b1) I,  U' <- b2 U' + (1 - b2) |I - I'|,  importance s = I' U'.
class ElementImportance {
 public:
  explicit ElementImportance(std::size_t size) : sensitivity_(size), uncertainty_(size) {}

  /// `gradient_scale` is multiplied onto the gradient.
  void update(std::span<const float> values, std::span<const float> gradient, float gradient_scale, double beta1,
              double beta2);
  void reset();
  std::size_t size() const { return sensitivity_.size(); }
  float score(std::size_t i) const { return sensitivity_[i] * uncertainty_[i]; }

  std::span<float> sensitivity() { return sensitivity_; }
  std::span<float> uncertainty() { return uncertainty_; }

 private:
  std::vector<float> sensitivity_, uncertainty_;
};

/// Importances of the triplets of one map, S_i = s(e_i) + mean_j s(Q_ij) + mean_j s(P_ji): `q` [rank, in], `e` [rank],
/// `p` [out, rank].
std::vector<double> triplet_scores(const ElementImportance& q, const ElementImportance& e, const ElementImportance& p,
                                   std::size_t rank);

/// Marks the `budget` highest scores, modules one after the other; of equal ones the earlier module, then the earlier
/// triplet.
std::vector<char> highest(const std::vector<double>& scores, std::int64_t budget);

}  // namespace coldframe
