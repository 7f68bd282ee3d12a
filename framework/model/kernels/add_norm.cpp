#include "framework/model/kernels/add_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/model/kernels/instruction_sets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "framework/model/kernels/add_norm.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "framework/model/kernels/column_sums-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

constexpr std::size_t k_rows = 16;  // taken together: masks are drawn for all of them, and they stay in the cache

/// Masks rows first .. first + count of the task in place.
template <class T>
void drop(const AddNorm<T>& task, std::size_t first, std::size_t count, float* rows) {
  apply_mask(*task.mask, task.mask_rows.subspan(first, count), static_cast<std::int64_t>(task.width), rows, rows);
}

template <class T>
void sum_rows(const AddNorm<T>& task, std::size_t first, std::size_t count, float* sums) {
  const std::size_t width = task.width;
  for (std::size_t i = 0; i < count; ++i) {
    const T* f = task.branch + (first + i) * width;
    float* s = sums + i * width;
    if (task.bias != nullptr) {
      each(width,
           [&](auto d, std::size_t c) HWY_ATTR { store(d, hn::Add(load(d, f + c), load(d, task.bias + c)), s + c); });
    } else {
      each(width, [&](auto d, std::size_t c) HWY_ATTR { store(d, load(d, f + c), s + c); });
    }
  }
  if (task.mask != nullptr) drop(task, first, count, sums);
  if (task.residual == nullptr) return;
  const T* h = task.residual + first * width;
  each(count * width,
       [&](auto d, std::size_t c) HWY_ATTR { store(d, hn::Add(load(d, h + c), load(d, sums + c)), sums + c); });
}

template <class T>
void normalize_row(const AddNorm<T>& task, std::size_t row, const float* s, const AddNormOutput<T>& output) {
  const std::size_t width = task.width, at = row * width;
  const float mean =
      total(width, [&](auto d, std::size_t c) HWY_ATTR { return load(d, s + c); }) / static_cast<float>(width);
  const float variance = total(width,
                               [&](auto d, std::size_t c) HWY_ATTR {
                                 const auto apart = hn::Sub(load(d, s + c), hn::Set(d, mean));
                                 return hn::Mul(apart, apart);
                               }) /
                         static_cast<float>(width);
  const float inverse = 1.0f / std::sqrt(variance + task.epsilon);
  each(width, [&](auto d, std::size_t c) HWY_ATTR {
    const auto x = hn::Mul(hn::Sub(load(d, s + c), hn::Set(d, mean)), hn::Set(d, inverse));
    if (output.normalized != nullptr) store(d, x, output.normalized + at + c);
    store(d, hn::MulAdd(x, load(d, task.gain + c), load(d, task.shift + c)), output.out + at + c);
  });
  if (output.inverse_deviation != nullptr) output.inverse_deviation[row] = inverse;
}

template <class T>
void add_norm_rows(const AddNorm<T>& task, const AddNormOutput<T>& output) {
  static thread_local std::vector<float> sums;
  sums.resize(k_rows * task.width);
  for (std::size_t first = 0; first < task.rows; first += k_rows) {
    const std::size_t count = std::min(k_rows, task.rows - first);
    sum_rows(task, first, count, sums.data());
    for (std::size_t i = 0; i < count; ++i) normalize_row(task, first + i, sums.data() + i * task.width, output);
  }
}

/// ds = inverse (g - mean(g) - x mean(g x)), g = outward * gain, x = norm(s).
template <class T>
void row_backward(const AddNorm<T>& task, const T* outward, const T* x, float inverse, float* ds) {
  const std::size_t width = task.width;
  const float scale = 1.0f / static_cast<float>(width);
  each(width, [&](auto d, std::size_t c)
                  HWY_ATTR { store(d, hn::Mul(load(d, outward + c), load(d, task.gain + c)), ds + c); });
  const float mean = scale * total(width, [&](auto d, std::size_t c) HWY_ATTR { return load(d, ds + c); });
  const float along =
      scale * total(width, [&](auto d, std::size_t c) HWY_ATTR { return hn::Mul(load(d, ds + c), load(d, x + c)); });
  each(width, [&](auto d, std::size_t c) HWY_ATTR {
    const auto apart = hn::Sub(load(d, ds + c), hn::Set(d, mean));
    const auto rest = hn::NegMulAdd(load(d, x + c), hn::Set(d, along), apart);
    store(d, hn::Mul(rest, hn::Set(d, inverse)), ds + c);
  });
}

template <class T>
void add_norm_rows_backward(const AddNorm<T>& task, const AddNormOutput<const T>& kept, const T* outward,
                            const AddNormGradient<T>& gradient) {
  const std::size_t width = task.width;
  static thread_local std::vector<float> rows;
  rows.resize(k_rows * width);
  float* ds = rows.data();
  ColumnSums bias(gradient.bias, width), gain(gradient.gain, width), shift(gradient.shift, width);
  for (std::size_t first = 0; first < task.rows; first += k_rows) {
    const std::size_t count = std::min(k_rows, task.rows - first);
    for (std::size_t i = 0; i < count; ++i) {
      const T* g = outward + (first + i) * width;
      const T* x = kept.normalized + (first + i) * width;
      row_backward(task, g, x, kept.inverse_deviation[first + i], ds + i * width);
      if (gain.wanted()) {
        gain.add([&](auto d, std::size_t c) HWY_ATTR { return hn::Mul(load(d, g + c), load(d, x + c)); });
      }
      if (shift.wanted()) {
        shift.add([&](auto d, std::size_t c) HWY_ATTR { return load(d, g + c); });
      }
    }
    const auto put = [&](T* to) {
      each(count * width, [&](auto d, std::size_t c) HWY_ATTR { store(d, load(d, ds + c), to + first * width + c); });
    };
    if (gradient.sum != nullptr) put(gradient.sum);
    if (task.mask != nullptr && (gradient.branch != nullptr || bias.wanted())) drop(task, first, count, ds);
    if (gradient.branch != nullptr) put(gradient.branch);
    for (std::size_t i = 0; bias.wanted() && i < count; ++i) {
      bias.add([&](auto d, std::size_t c) HWY_ATTR { return load(d, ds + i * width + c); });
    }
    bias.end_block();
    gain.end_block();
    shift.end_block();
  }
}

void add_norm_f32(const AddNorm<float>& task, const AddNormOutput<float>& output) { add_norm_rows(task, output); }
void add_norm_bf16(const AddNorm<Bf16>& task, const AddNormOutput<Bf16>& output) { add_norm_rows(task, output); }
void add_norm_backward_f32(const AddNorm<float>& task, const AddNormOutput<const float>& kept, const float* outward,
                           const AddNormGradient<float>& gradient) {
  add_norm_rows_backward(task, kept, outward, gradient);
}
void add_norm_backward_bf16(const AddNorm<Bf16>& task, const AddNormOutput<const Bf16>& kept, const Bf16* outward,
                            const AddNormGradient<Bf16>& gradient) {
  add_norm_rows_backward(task, kept, outward, gradient);
}

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coldframe {

HWY_EXPORT(add_norm_f32);
HWY_EXPORT(add_norm_bf16);
HWY_EXPORT(add_norm_backward_f32);
HWY_EXPORT(add_norm_backward_bf16);

void add_norm(const AddNorm<float>& task, const AddNormOutput<float>& output) {
  HWY_DYNAMIC_DISPATCH(add_norm_f32)(task, output);
}

void add_norm(const AddNorm<Bf16>& task, const AddNormOutput<Bf16>& output) {
  HWY_DYNAMIC_DISPATCH(add_norm_bf16)(task, output);
}

void add_norm_backward(const AddNorm<float>& task, const AddNormOutput<const float>& kept, const float* outward,
                       const AddNormGradient<float>& gradient) {
  HWY_DYNAMIC_DISPATCH(add_norm_backward_f32)(task, kept, outward, gradient);
}

void add_norm_backward(const AddNorm<Bf16>& task, const AddNormOutput<const Bf16>& kept, const Bf16* outward,
                       const AddNormGradient<Bf16>& gradient) {
  HWY_DYNAMIC_DISPATCH(add_norm_backward_bf16)(task, kept, outward, gradient);
}

}  // namespace coldframe
#endif
