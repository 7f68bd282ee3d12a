#include "framework/training/gradient_norm.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace coldframe {
namespace {

constexpr std::size_t k_block = 4096;

// The order of the sum is written down, so every instruction set gives the same bits.
__attribute__((target_clones("avx512f", "avx2", "default"))) double block_sum(std::span<const float> block) {
  // Sixteen interleaved partial sums keep the order fixed and let the compiler use vector registers.
  double partial[16] = {};
  std::size_t i = 0;
  for (; i + 16 <= block.size(); i += 16) {
    for (std::size_t lane = 0; lane < 16; ++lane) {
      const double x = block[i + lane];
      partial[lane] += x * x;
    }
  }
  for (std::size_t lane = 0; i < block.size(); ++i, ++lane) {
    const double x = block[i];
    partial[lane] += x * x;
  }
  double sum = 0;
  for (const double value : partial) sum += value;
  return sum;
}

/// One sum per block.
std::vector<double> block_sums(std::span<const float> values, LanePool* pool) {
  constexpr std::size_t blocks_per_task = 64;
  std::vector<double> sums((values.size() + k_block - 1) / k_block);
  const auto task = [&](std::size_t index) {
    const std::size_t end = std::min(sums.size(), (index + 1) * blocks_per_task);
    for (std::size_t b = index * blocks_per_task; b < end; ++b) {
      sums[b] = block_sum(values.subspan(b * k_block, std::min(k_block, values.size() - b * k_block)));
    }
  };
  const std::size_t tasks = (sums.size() + blocks_per_task - 1) / blocks_per_task;
  if (pool != nullptr && tasks > 1) {
    pool->run(tasks, task);
  } else {
    for (std::size_t i = 0; i < tasks; ++i) task(i);
  }
  return sums;
}

double sum_of_squares(std::span<const float> values, LanePool* pool) {
  double sum = 0;
  for (const double block : block_sums(values, pool)) sum += block;
  return sum;
}

}  // namespace

double gradient_norm(const GradientSum& gradient, LanePool* pool) {
  double sum = sum_of_squares(gradient.dense.span(), pool);
  for (const SparseRows& rows : gradient.sparse) sum += sum_of_squares(rows.rows, pool);
  return std::sqrt(sum);
}

float clip_factor(double norm, double clip) {
  if (clip <= 0) return 1.0f;
  return static_cast<float>(std::min(1.0, clip / (norm + 1e-6)));
}

}  // namespace coldframe
