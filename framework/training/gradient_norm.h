#pragma once

#include "framework/distributed/gradient_sum.h"
#include "framework/training/lane_pool.h"

namespace coldframe {

/// Euclidean norm of a reduced gradient. Fixed blocks of 4,096 elements are summed in fp64 in index order, then the block
/// sums in block order, so the bits depend neither on slices nor on ranks. Sparse lists count row by row, by id.
/// Without a pool the caller does all the work; the bits are the same.
double gradient_norm(const GradientSum& gradient, LanePool* pool = nullptr);

/// Factor that brings a gradient of this norm to at most `clip` (1 when clip is 0 or the norm is below it).
/// Same rule as torch.nn.utils.clip_grad_norm_: clip / (norm + 1e-6), at most 1.
float clip_factor(double norm, double clip);

}  // namespace coldframe
