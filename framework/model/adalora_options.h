#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// AdaLoRA (Zhang et al., arXiv 2303.10512): y = W x + b + s P (e * Q drop(x)), Q [rank, in], e [rank], P [out, rank],
/// s = alpha / (initial_rank + 1e-5) as in PEFT. The loss gets orthogonality * sum(|P^T P - I|^2 + |Q Q^T - I|^2).
/// While the run lasts, the triplets (row of Q, e_i, column of P) that matter least are given up, from initial_rank per
/// map down to `rank` per map on average. First values: e = 0, P and Q normal(0, 0.02).
struct AdaloraOptions final : Options {
  std::int64_t initial_rank = 12;
  std::int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;
  std::vector<std::string> targets = {"attention.query", "attention.value"};
  std::vector<std::int64_t> layers;  // empty: all
  std::int64_t first_steps = 10;
  std::int64_t final_steps = 20;
  std::int64_t every = 5;
  double beta1 = 0.85;
  double beta2 = 0.85;
  double orthogonality = 0.5;
  /// paper: importance is |w g| with the weight before the update and the gradient before clipping. peft: with the
  /// weight after it and the clipped gradient, as users of PEFT are told to call it, and the penalty is the mean of the
  /// norms, not the sum of their squares.
  std::string order = "paper";

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

}  // namespace coldframe
