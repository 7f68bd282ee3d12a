#pragma once

#include <cstdint>
#include <vector>

#include "framework/distributed/gradient_sum.h"
#include "framework/model/parameters.h"
#include "framework/training/flat_layout.h"
#include "framework/training/lane_pool.h"
#include "framework/training/optimizer_options.h"
#include "framework/training/parameter_digest.h"
#include "framework/training/parameter_slices.h"
#include "framework/training/update_rules.h"

namespace coldframe {

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019) over flat buffers:
///   p <- p (1 - lr wd);  m <- m + (1 - b1) (g - m);  v <- b2 v + (1 - b2) g^2
///   p <- p - lr / (1 - b1^t) m / (sqrt(v) / sqrt(1 - b2^t) + eps)
/// with t counted from the parameter's first step,
/// the arithmetic of torch.optim.AdamW. Element-wise, so the bits do not depend on how a buffer is cut.
/// Token embeddings without a gradient in a step decay and move like the dense rule says (g = 0).
class AdamW {
 public:
  /// `rules` by parameter, as update_rules() makes them.
  AdamW(const FlatLayout& layout, const OptimizerOptions& options, std::vector<UpdateRule> rules);

  /// Zeroes what belongs to parameters that update number `step` leaves frozen, so that it counts in no norm.
  void drop_frozen(GradientSum& gradient, std::int64_t step) const;

  /// Applies one update. `step` counts from 1; the gradient is multiplied by `clip` first.
  /// Without a pool the caller does all the work; the bits are the same. `digest` is refreshed on the way.
  void update(ParameterStore& parameters, const GradientSum& gradient, double learning_rate, std::int64_t step,
              float clip, LanePool* pool = nullptr, ParameterDigest* digest = nullptr);

  /// Both moments are zero again: the next update is number 1.
  void forget();

  std::span<float> first_moment() { return first_.span(); }    // [S] in FlatLayout state order
  std::span<float> second_moment() { return second_.span(); }  // [S]

 private:
  const UpdateRule& rule(ParameterIndex index) const { return rules_[static_cast<std::size_t>(index)]; }

  OptimizerOptions options_;
  FlatLayout layout_;
  std::vector<UpdateRule> rules_;
  std::vector<ParameterSlice> slices_;
  AlignedBuffer first_;
  AlignedBuffer second_;
};

}  // namespace coldframe
