#include "framework/model/kernels/add_scaled.h"

#include "framework/model/kernels/instruction_sets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "framework/model/kernels/add_scaled.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include "framework/model/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

void add_scaled_bf16(const Bf16* from, std::size_t n, float scale, float* to) {
  each(n, [&](auto d, std::size_t i)
              HWY_ATTR { store(d, hn::MulAdd(load(d, from + i), hn::Set(d, scale), load(d, to + i)), to + i); });
}

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coldframe {

HWY_EXPORT(add_scaled_bf16);

void add_scaled(const Bf16* from, std::size_t n, float scale, float* to) {
  HWY_DYNAMIC_DISPATCH(add_scaled_bf16)(from, n, scale, to);
}

}  // namespace coldframe
#endif
