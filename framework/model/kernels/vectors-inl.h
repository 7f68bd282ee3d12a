// Loads, stores and small loops that every kernel shares, once per instruction set.
#if defined(COLDFRAME_VECTORS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef COLDFRAME_VECTORS_INL_H
#undef COLDFRAME_VECTORS_INL_H
#else
#define COLDFRAME_VECTORS_INL_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>

#include "framework/model/kernels/bf16.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using OneFloat = hn::CappedTag<float, 1>;

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from) {
  return hn::LoadU(d, from);
}

template <class D>
HWY_INLINE hn::Vec<D> load(D d, const Bf16* from) {
  const hn::Rebind<std::uint16_t, D> halves;
  const hn::RebindToUnsigned<D> words;
  const auto bits = hn::PromoteTo(words, hn::LoadU(halves, reinterpret_cast<const std::uint16_t*>(from)));
  return hn::BitCast(d, hn::ShiftLeft<16>(bits));
}

template <class D>
HWY_INLINE void store(D d, hn::Vec<D> value, float* to) {
  hn::StoreU(value, d, to);
}

/// Rounded to the nearest, ties to even; a NaN stays one.
template <class D>
HWY_INLINE void store([[maybe_unused]] D d, hn::Vec<D> value, Bf16* to) {
  const hn::Rebind<std::uint16_t, D> halves;
  const hn::RebindToUnsigned<D> words;
  const auto bits = hn::BitCast(words, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1u));
  const auto rounded = hn::Add(hn::Add(bits, hn::Set(words, 0x7FFFu)), odd);
  const auto quiet = hn::Set(words, 0x7FC00000u);
  const auto kept = hn::IfThenElse(hn::RebindMask(words, hn::IsNaN(value)), quiet, rounded);
  hn::StoreU(hn::TruncateTo(halves, hn::ShiftRight<16>(kept)), halves, reinterpret_cast<std::uint16_t*>(to));
}

/// body(tag, i) over [0, n): whole vectors, then single elements.
template <class Body>
HWY_INLINE void each(std::size_t n, const Body& body) {
  const Floats d;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) body(d, i);
  for (; i < n; ++i) body(OneFloat(), i);
}

/// Sum of term(tag, i) over [0, n).
template <class Term>
HWY_INLINE float total(std::size_t n, const Term& term) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  auto even = hn::Zero(d), odd = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    even = hn::Add(even, term(d, i));
    odd = hn::Add(odd, term(d, i + lanes));
  }
  if (i + lanes <= n) {
    even = hn::Add(even, term(d, i));
    i += lanes;
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < n; ++i) sum += hn::GetLane(term(OneFloat(), i));
  return sum;
}

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
