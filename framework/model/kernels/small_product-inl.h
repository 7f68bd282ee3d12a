// Products of matrices that fit the cache, with vectors along the columns, once per instruction set.
#if defined(COLDFRAME_SMALL_PRODUCT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef COLDFRAME_SMALL_PRODUCT_INL_H
#undef COLDFRAME_SMALL_PRODUCT_INL_H
#else
#define COLDFRAME_SMALL_PRODUCT_INL_H
#endif

#include "framework/model/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

// M rows, N columns, K depth.

/// Element (m, k) of the left operand is at values[m * row_step + k * depth_step], so that it may be read transposed.
struct LeftOperand {
  const float* values;
  std::size_t row_step;
  std::size_t depth_step;
};

/// c [M, N] (+)= a [M, K] b [K, N]. Rows of b and c start `step` elements apart; N counts whole vectors, so both must
/// be padded to them.
struct ProductShape {
  std::size_t rows;
  std::size_t vectors;
  std::size_t depth;
  std::size_t b_step;
  std::size_t c_step;
  bool accumulate;
};

template <std::size_t rows, std::size_t vectors>
HWY_INLINE void product_tile(const LeftOperand& a, const float* HWY_RESTRICT b, float* HWY_RESTRICT c,
                             const ProductShape& shape) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  hn::Vec<Floats> sums[rows][vectors];
#pragma GCC unroll 6
  for (std::size_t m = 0; m < rows; ++m) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < vectors; ++v) {
      sums[m][v] = shape.accumulate ? hn::LoadU(d, c + m * shape.c_step + v * lanes) : hn::Zero(d);
    }
  }
  for (std::size_t k = 0; k < shape.depth; ++k) {
    hn::Vec<Floats> right[vectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < vectors; ++v) right[v] = hn::LoadU(d, b + k * shape.b_step + v * lanes);
#pragma GCC unroll 6
    for (std::size_t m = 0; m < rows; ++m) {
      const auto left = hn::Set(d, a.values[m * a.row_step + k * a.depth_step]);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < vectors; ++v) sums[m][v] = hn::MulAdd(left, right[v], sums[m][v]);
    }
  }
#pragma GCC unroll 6
  for (std::size_t m = 0; m < rows; ++m) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < vectors; ++v) hn::StoreU(sums[m][v], d, c + m * shape.c_step + v * lanes);
  }
}

template <std::size_t vectors>
HWY_INLINE void product_strip(LeftOperand a, const float* b, float* c, const ProductShape& shape) {
  constexpr std::size_t most = 6;  // rows whose sums fit the registers beside the operands
  std::size_t m = 0;
  for (; m + most <= shape.rows; m += most) {
    product_tile<most, vectors>(a, b, c, shape);
    a.values += most * a.row_step;
    c += most * shape.c_step;
  }
  switch (shape.rows - m) {
    case 1:
      return product_tile<1, vectors>(a, b, c, shape);
    case 2:
      return product_tile<2, vectors>(a, b, c, shape);
    case 3:
      return product_tile<3, vectors>(a, b, c, shape);
    case 4:
      return product_tile<4, vectors>(a, b, c, shape);
    case 5:
      return product_tile<5, vectors>(a, b, c, shape);
    default:
      return;
  }
}

HWY_INLINE void small_product(const LeftOperand& a, const float* b, float* c, const ProductShape& shape) {
  constexpr std::size_t most = HWY_TARGET <= HWY_AVX3 ? 4 : 2;
  const std::size_t lanes = hn::Lanes(Floats());
  std::size_t v = 0;
  for (; v + most <= shape.vectors; v += most) product_strip<most>(a, b + v * lanes, c + v * lanes, shape);
  switch (shape.vectors - v) {
    case 1:
      return product_strip<1>(a, b + v * lanes, c + v * lanes, shape);
    case 2:
      return product_strip<2>(a, b + v * lanes, c + v * lanes, shape);
    case 3:
      return product_strip<3>(a, b + v * lanes, c + v * lanes, shape);
    default:
      return;
  }
}

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
