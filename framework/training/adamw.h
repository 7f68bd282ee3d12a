#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/options.h"
#include "framework/distributed/gradient_sum.h"
#include "framework/model/parameters.h"
#include "framework/training/flat_layout.h"
#include "framework/training/lane_pool.h"
#include "framework/training/parameter_digest.h"
#include "framework/training/parameter_slices.h"

namespace coldframe {

/// `[optimizer]`
struct OptimizerOptions : Options {
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;  // matrices only: not biases, LayerNorm and scalars
  double clip_norm = 1.0;      // 0 switches clipping off

  void describe(OptionVisitor& visitor) override;
};

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019) over flat buffers:
///   p <- p (1 - lr wd);  m <- m + (1 - b1) (g - m);  v <- b2 v + (1 - b2) g^2
///   p <- p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
/// the arithmetic of torch.optim.AdamW. Element-wise, so the bits do not depend on how a buffer is cut.
/// Token embeddings without a gradient in a step decay and move like the dense rule says (g = 0).
class AdamW {
 public:
  AdamW(const FlatLayout& layout, const OptimizerOptions& options);

  /// Applies one update. `step` counts from 1; the gradient is multiplied by `clip` first.
  /// Without a pool the caller does all the work; the bits are the same. `digest` is refreshed on the way.
  void update(ParameterStore& parameters, const GradientSum& gradient, double learning_rate, std::int64_t step,
              float clip, LanePool* pool = nullptr, ParameterDigest* digest = nullptr);

  std::span<float> first_moment() { return first_.span(); }    // [S] in FlatLayout state order
  std::span<float> second_moment() { return second_.span(); }  // [S]

 private:
  OptimizerOptions options_;
  std::vector<ParameterSlice> slices_;
  AlignedBuffer first_;
  AlignedBuffer second_;
};

}  // namespace coldframe
