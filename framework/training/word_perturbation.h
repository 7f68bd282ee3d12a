#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "framework/core/options.h"
#include "framework/model/packed_batch.h"

namespace coldframe {

/// `[adversarial]`: training on the worst word embeddings nearby instead of those of the texts, by FreeLB (Zhu et al.,
/// "FreeLB: Enhanced adversarial training for natural language understanding", ICLR 2020, arXiv 1909.11764).
///
/// With X the word embeddings of a text of n tokens, of width D, and delta its perturbation [n, D], a step is
///   delta_0 = U(-epsilon, epsilon) / sqrt(n D),   g_0 = 0
///   g_t     = g_(t-1) + 1/K d L(X + delta_(t-1)) / d theta
///   delta_t = P(delta_(t-1) + alpha a / ||a||_F),   a = d L(X + delta_(t-1)) / d delta,   t = 1 .. K
/// where P scales what is longer than epsilon (Frobenius) down to it, and the optimizer gets g_K. Every distinct text
/// of the batch, of a user or an item, has a perturbation of its own. All K passes see the same dropout masks, as the
/// paper asks for.
struct AdversarialOptions final : Options {
  std::int64_t steps = 0;  // K; 0: texts as they are
  double norm = 0.03;        // epsilon
  double step_size = 0.015;  // alpha

  bool active() const { return steps > 0; }
  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// delta_0 of all texts of a batch, [T, D] float32. A function of (seed, step, key of the text, token, column): batches
/// and ranks change nothing.
at::Tensor first_perturbation(const PackedBatch& batch, std::int64_t width, const AdversarialOptions& options,
                              std::uint64_t seed, std::int64_t step);

/// delta <- P(delta + alpha a / ||a||), text by text, in place. Both [T, D] float32. A text without gradient stays.
void ascend(const PackedBatch& batch, const at::Tensor& gradient, const AdversarialOptions& options,
            at::Tensor& perturbation);

}  // namespace coldframe
