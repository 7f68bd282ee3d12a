#include "framework/training/gradient_norm.h"

#include <algorithm>
#include <cmath>

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

}  // namespace

double sum_of_squares(std::span<const float> values) {
  double sum = 0;
  for (std::size_t at = 0; at < values.size(); at += k_block) {
    sum += block_sum(values.subspan(at, std::min(k_block, values.size() - at)));
  }
  return sum;
}

double gradient_norm(const GradientSum& gradient) {
  double sum = sum_of_squares(gradient.dense.span());
  for (const SparseRows& rows : gradient.sparse) sum += sum_of_squares(rows.rows);
  return std::sqrt(sum);
}

float clip_factor(double norm, double clip) {
  if (clip <= 0) return 1.0f;
  return static_cast<float>(std::min(1.0, clip / (norm + 1e-6)));
}

}  // namespace coldframe
