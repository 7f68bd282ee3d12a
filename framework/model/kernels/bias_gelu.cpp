#include "framework/model/kernels/bias_gelu.h"

#include <algorithm>

#include "framework/model/kernels/instruction_sets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "framework/model/kernels/bias_gelu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include <hwy/contrib/math/math-inl.h>

#include "framework/model/kernels/column_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

/// Phi(z) and phi(z) from one exponential: Phi(-|z|) = e^{-z^2 / 2} t P(t) / 2 with t = 1 / (1 + p |z| / sqrt 2), where
/// t P(t) stands for erfc(u) e^{u^2}. P interpolates it at Chebyshev nodes for u in [0, 9.3]; relative error 2.4e-8.
struct Normal {
  template <class D>
  HWY_INLINE static void at(D d, hn::Vec<D> z, hn::Vec<D>& distribution, hn::Vec<D>& density) {
    constexpr float p = 0.3f, root_half = 0.70710678118654752f, inverse_root_two_pi = 0.39894228040143268f;
    constexpr float c[] = {0.1691766419f, 0.1708895246f,  0.1472116846f, 0.2189482562f, -0.1033209181f,
                           0.5593083709f, -0.5216780385f, 0.4898036949f, -0.130339236f};
    const auto size = hn::Abs(z);
    const auto bell = hn::Exp(d, hn::Mul(hn::Mul(z, z), hn::Set(d, -0.5f)));
    const auto t = hn::Div(hn::Set(d, 1.0f), hn::MulAdd(size, hn::Set(d, p * root_half), hn::Set(d, 1.0f)));
    auto sum = hn::Set(d, c[8]);
#pragma GCC unroll 8
    for (int k = 7; k >= 0; --k) sum = hn::MulAdd(sum, t, hn::Set(d, c[k]));
    const auto tail = hn::Mul(hn::Mul(bell, hn::Mul(t, sum)), hn::Set(d, 0.5f));
    distribution = hn::IfThenElse(hn::Gt(z, hn::Zero(d)), hn::Sub(hn::Set(d, 1.0f), tail), tail);
    density = hn::Mul(bell, hn::Set(d, inverse_root_two_pi));
  }
};

template <class T>
void gelu_rows(const T* x, const float* bias, GeluShape shape, T* out, T* slope) {
  for (std::size_t r = 0; r < shape.rows; ++r) {
    const std::size_t row = r * shape.width;
    each(shape.width, [&](auto d, std::size_t c) HWY_ATTR {
      auto z = load(d, x + row + c);
      if (bias != nullptr) z = hn::Add(z, load(d, bias + c));
      auto distribution = z, density = z;
      Normal::at(d, z, distribution, density);
      store(d, hn::Mul(z, distribution), out + row + c);
      if (slope != nullptr) store(d, hn::MulAdd(z, density, distribution), slope + row + c);
    });
  }
}

template <class T>
void gelu_rows_backward(const T* outward, const T* slope, GeluShape shape, T* gradient, float* bias_gradient) {
  constexpr std::size_t block = 32;
  ColumnSums bias(bias_gradient, shape.width);
  for (std::size_t r = 0; r < shape.rows; ++r) {
    const std::size_t row = r * shape.width;
    const auto term = [&](auto d, std::size_t c)
                          HWY_ATTR { return hn::Mul(load(d, outward + row + c), load(d, slope + row + c)); };
    each(shape.width, [&](auto d, std::size_t c) HWY_ATTR { store(d, term(d, c), gradient + row + c); });
    if (bias.wanted()) bias.add(term);
    if (r % block == block - 1) bias.end_block();
  }
  bias.end_block();
}

void gelu_f32(const float* x, const float* bias, GeluShape shape, float* out, float* slope) {
  gelu_rows(x, bias, shape, out, slope);
}
void gelu_bf16(const Bf16* x, const float* bias, GeluShape shape, Bf16* out, Bf16* slope) {
  gelu_rows(x, bias, shape, out, slope);
}
void gelu_backward_f32(const float* outward, const float* slope, GeluShape shape, float* gradient,
                       float* bias_gradient) {
  gelu_rows_backward(outward, slope, shape, gradient, bias_gradient);
}
void gelu_backward_bf16(const Bf16* outward, const Bf16* slope, GeluShape shape, Bf16* gradient, float* bias_gradient) {
  gelu_rows_backward(outward, slope, shape, gradient, bias_gradient);
}

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coldframe {

HWY_EXPORT(gelu_f32);
HWY_EXPORT(gelu_bf16);
HWY_EXPORT(gelu_backward_f32);
HWY_EXPORT(gelu_backward_bf16);

void bias_gelu(const float* x, const float* bias, GeluShape shape, float* out, float* slope) {
  HWY_DYNAMIC_DISPATCH(gelu_f32)(x, bias, shape, out, slope);
}

void bias_gelu(const Bf16* x, const float* bias, GeluShape shape, Bf16* out, Bf16* slope) {
  HWY_DYNAMIC_DISPATCH(gelu_bf16)(x, bias, shape, out, slope);
}

void bias_gelu_backward(const float* outward, const float* slope, GeluShape shape, float* gradient,
                        float* bias_gradient) {
  HWY_DYNAMIC_DISPATCH(gelu_backward_f32)(outward, slope, shape, gradient, bias_gradient);
}

void bias_gelu_backward(const Bf16* outward, const Bf16* slope, GeluShape shape, Bf16* gradient, float* bias_gradient) {
  HWY_DYNAMIC_DISPATCH(gelu_backward_bf16)(outward, slope, shape, gradient, bias_gradient);
}

}  // namespace coldframe
#endif
