#pragma once

#include <cstdint>
#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

struct FactorFoldInOptions {
  std::size_t dimension = 16;
  double confidence = 10.0;  // alpha: a like weighs 1 + alpha, everything else 1
  double ridge = 10.0;
  std::size_t rounds = 15;
  std::uint64_t seed = 1;
};

/// Implicit factorisation by alternating least squares (Hu, Koren and Volinsky, ICDM'08), into which a newcomer is
/// folded in closed form: with item factors q, c_i = 1 + alpha for liked items and 1 for the others,
///   p = (sum_i c_i q_i q_i' + ridge)^-1 sum_{i liked} (1 + alpha) q_i,   score_j = p . q_j.
/// Item factors come from training users alone.
class FactorFoldIn final : public Baseline {
 public:
  FactorFoldIn(const TrainingLikes& training, std::span<const std::uint64_t> item_keys,
               const FactorFoldInOptions& options = {});
  std::string_view name() const override { return "factor fold-in"; }
  std::size_t minimum_history() const override { return 1; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

  /// Penalised squared error after each round; never increases.
  const std::vector<double>& errors() const { return errors_; }

 private:
  FactorFoldInOptions options_;
  std::size_t items_;
  std::vector<double> factors_;  // q [items, dimension]
  std::vector<double> gram_;     // sum_i q_i q_i' [dimension, dimension]
  std::vector<double> errors_;
};

}  // namespace coldframe
