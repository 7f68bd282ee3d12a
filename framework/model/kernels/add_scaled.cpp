#include "framework/model/kernels/add_scaled.h"

#include "framework/model/kernels/instruction_sets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "framework/model/kernels/add_scaled.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "framework/model/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

template <class T>
void add_scaled_rows(const T* from, std::size_t n, float scale, float* to) {
  each(n, [&](auto d, std::size_t i) HWY_ATTR {
    store(d, hn::Add(load(d, to + i), hn::Mul(load(d, from + i), hn::Set(d, scale))), to + i);
  });
}

void add_scaled_fp32(const float* from, std::size_t n, float scale, float* to) { add_scaled_rows(from, n, scale, to); }
void add_scaled_bf16(const Bf16* from, std::size_t n, float scale, float* to) { add_scaled_rows(from, n, scale, to); }

void write_scaled_bf16(const Bf16* from, std::size_t n, float scale, float* to) {
  each(n, [&](auto d, std::size_t i) HWY_ATTR { store(d, hn::Mul(load(d, from + i), hn::Set(d, scale)), to + i); });
}

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coldframe {

HWY_EXPORT(add_scaled_fp32);
HWY_EXPORT(add_scaled_bf16);
HWY_EXPORT(write_scaled_bf16);

void add_scaled(const float* from, std::size_t n, float scale, float* to) {
  HWY_DYNAMIC_DISPATCH(add_scaled_fp32)(from, n, scale, to);
}

void add_scaled(const Bf16* from, std::size_t n, float scale, float* to) {
  HWY_DYNAMIC_DISPATCH(add_scaled_bf16)(from, n, scale, to);
}

void write_scaled(const Bf16* from, std::size_t n, float scale, float* to) {
  HWY_DYNAMIC_DISPATCH(write_scaled_bf16)(from, n, scale, to);
}

}  // namespace coldframe
#endif
