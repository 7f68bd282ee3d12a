#include "framework/model/kernels/attention.h"

#include <algorithm>
#include <vector>

#include "framework/model/kernels/instruction_sets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "framework/model/kernels/attention.cpp"
#include <hwy/foreach_target.h>
// After foreach_target:
#include <hwy/contrib/math/math-inl.h>

#include "framework/model/kernels/small_product-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

// Rows are widened to float32 in scratch memory whose columns are padded with zeros to whole vectors. Queries are taken
// in blocks, so that the probabilities of a block stay in the cache however long the text is.

constexpr std::size_t k_block = 48;  // queries: a multiple of the rows of a product's tile

HWY_INLINE std::size_t padded(std::size_t n) {
  constexpr std::size_t unit = 16;
  return (n + unit - 1) / unit * unit;
}

/// One thread's memory for one head, handed out piece by piece.
class Scratch {
 public:
  explicit Scratch(std::size_t elements) {
    static thread_local std::vector<float> memory;
    if (memory.size() < elements + 16) memory.resize(elements + 16);
    const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(memory.data()) % 64 / sizeof(float);
    next_ = memory.data() + (16 - misaligned) % 16;
  }
  float* take(std::size_t elements) {
    float* piece = next_;
    next_ += elements;
    return piece;
  }

 private:
  float* next_;
};

/// Asks for the same row of the next head, which as a rule lies to the right of this one's. A head's rows lie far apart, so
/// the processor does not foresee them, and short texts would mostly wait for memory.
template <bool for_writing, class T>
HWY_INLINE void prefetch_next_head(const T* row, std::size_t width) {
  constexpr std::uintptr_t line = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(row) + width * sizeof(T);
  for (std::uintptr_t byte = 0; byte < width * sizeof(T); byte += line) {
    __builtin_prefetch(reinterpret_cast<const void*>(begin + byte), for_writing ? 1 : 0);
  }
}

template <class T>
HWY_INLINE void widen(HeadRows<const T> from, std::size_t rows, std::size_t width, float factor, float* to) {
  const std::size_t step = padded(width);
  for (std::size_t i = 0; i < rows; ++i, to += step) {
    const T* row = from.values + i * from.step;
    prefetch_next_head<false>(row, width);
    each(width,
         [&](auto d, std::size_t c) HWY_ATTR { store(d, hn::Mul(load(d, row + c), hn::Set(d, factor)), to + c); });
    std::fill(to + width, to + step, 0.0f);
  }
}

template <class T>
HWY_INLINE void narrow(const float* from, std::size_t rows, std::size_t width, float factor, HeadRows<T> to) {
  const std::size_t step = padded(width);
  for (std::size_t i = 0; i < rows; ++i, from += step) {
    T* row = to.values + i * to.step;
    prefetch_next_head<true>(row, width);
    each(width,
         [&](auto d, std::size_t c) HWY_ATTR { store(d, hn::Mul(load(d, from + c), hn::Set(d, factor)), row + c); });
  }
}

/// [rows, width] with padded rows -> [width, padded(rows)], padding zero.
HWY_INLINE void transpose(const float* from, std::size_t rows, std::size_t width, float* to) {
  const std::size_t from_step = padded(width), to_step = padded(rows);
  for (std::size_t c = 0; c < width; ++c) {
    for (std::size_t i = 0; i < rows; ++i) to[c * to_step + i] = from[i * from_step + c];
    std::fill(to + c * to_step + rows, to + (c + 1) * to_step, 0.0f);
  }
}

/// Softmax of each row [0, length); padding becomes zero.
HWY_INLINE void softmax_rows(float* rows, std::size_t count, std::size_t length) {
  const Floats d;
  const std::size_t step = padded(length), lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < count; ++i, rows += step) {
    std::fill(rows + length, rows + step, -1e30f);
    auto largest = hn::Set(d, rows[0]);
    for (std::size_t j = 0; j < step; j += lanes) largest = hn::Max(largest, hn::Load(d, rows + j));
    largest = hn::MaxOfLanes(d, largest);
    auto sum = hn::Zero(d);
    for (std::size_t j = 0; j < step; j += lanes) {
      const auto e = hn::Exp(d, hn::Sub(hn::Load(d, rows + j), largest));
      hn::Store(e, d, rows + j);
      sum = hn::Add(sum, e);
    }
    const auto inverse = hn::Set(d, 1.0f / hn::GetLane(hn::SumOfLanes(d, sum)));
    for (std::size_t j = 0; j < step; j += lanes) hn::Store(hn::Mul(hn::Load(d, rows + j), inverse), d, rows + j);
    std::fill(rows + length, rows + step, 0.0f);
  }
}

/// dS = P (dP - sum_j P dP), row by row, in place of dP.
HWY_INLINE void softmax_backward_rows(const float* p, float* dp, std::size_t count, std::size_t length) {
  const Floats d;
  const std::size_t step = padded(length), lanes = hn::Lanes(d);
  for (std::size_t i = 0; i < count; ++i, p += step, dp += step) {
    auto sum = hn::Zero(d);
    for (std::size_t j = 0; j < step; j += lanes) sum = hn::MulAdd(hn::Load(d, p + j), hn::Load(d, dp + j), sum);
    const auto mean = hn::SumOfLanes(d, sum);
    for (std::size_t j = 0; j < step; j += lanes) {
      hn::Store(hn::Mul(hn::Load(d, p + j), hn::Sub(hn::Load(d, dp + j), mean)), d, dp + j);
    }
  }
}

/// a += b, n elements.
HWY_INLINE void add_row(const float* b, std::size_t n, float* a) {
  each(n, [&](auto d, std::size_t c) HWY_ATTR { store(d, hn::Add(load(d, a + c), load(d, b + c)), a + c); });
}

/// What forward and backward share: the widened operands and the probabilities of a block of queries. Keys are those of
/// the text, then those of the prefix.
template <class T>
class HeadWork {
 public:
  HeadWork(const AttentionHead<T>& head, Scratch& scratch)
      : head_(head),
        row_step_(padded(head.width)),
        keys_(keys_of(head)),
        columns_(padded(keys_)),
        q_(scratch.take(head.length * row_step_)),
        v_(scratch.take(keys_ * row_step_)),
        k_(scratch.take(keys_ * row_step_)),
        k_transposed_(scratch.take(head.width * columns_)),
        prefix_(scratch.take(k_block * padded(head.prefix.length))) {
    widen(head.q, head.length, head.width, head.scale, q_);
    widen(head.k, head.length, head.width, 1.0f, k_);
    widen(head.v, head.length, head.width, 1.0f, v_);
    widen(head.prefix.k, head.prefix.length, head.width, 1.0f, k_ + head.length * row_step_);
    widen(head.prefix.v, head.prefix.length, head.width, 1.0f, v_ + head.length * row_step_);
    transpose(k_, keys_, head.width, k_transposed_);
  }

  static std::size_t keys_of(const AttentionHead<T>& head) { return head.length + head.prefix.length; }
  static std::size_t elements(const AttentionHead<T>& head) {
    const std::size_t keys = keys_of(head);
    return (head.length + 2 * keys) * padded(head.width) + head.width * padded(keys) +
           k_block * padded(head.prefix.length);
  }

  std::size_t keys() const { return keys_; }
  const float* q(std::size_t row) const { return q_ + row * row_step_; }
  const float* k() const { return k_; }
  const float* v() const { return v_; }

  /// p [count, columns] = softmax of the scores of queries first .. first + count.
  void probabilities(std::size_t first, std::size_t count, float* p) const {
    const LeftOperand queries{q(first), row_step_, 1};
    small_product(queries, k_transposed_, p, {count, vectors(columns_), head_.width, columns_, columns_, false});
    if (head_.bias != nullptr) {
      for (std::size_t i = 0; i < count; ++i) add_row(head_.bias - (first + i), head_.length, p + i * columns_);
    }
    softmax_rows(p, count, keys_);
  }

  /// Element-wise mask of rows [count, columns]; in == out is allowed.
  void drop(std::size_t first, std::size_t count, const float* in, float* out) const {
    if (head_.prefix.length > 0) drop_prefix(first, count, in);
    MaskRow rows[k_block];
    fill_rows(head_.first_row, first, count, rows);
    apply_mask(*head_.mask, {rows, count}, static_cast<std::int64_t>(columns_), in, out);
    const std::size_t prefix_step = padded(head_.prefix.length);
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(prefix_ + i * prefix_step, head_.prefix.length, out + i * columns_ + head_.length);
    }
  }

  static std::size_t vectors(std::size_t columns) { return columns / hn::Lanes(Floats()); }

 private:
  static void fill_rows(MaskRow row, std::size_t first, std::size_t count, MaskRow* rows) {
    row.token += static_cast<std::uint32_t>(first);
    for (std::size_t i = 0; i < count; ++i, ++row.token) rows[i] = row;
  }

  /// The columns of the prefix have masks of their own, so that those of the text are the same without it.
  void drop_prefix(std::size_t first, std::size_t count, const float* in) const {
    const std::size_t step = padded(head_.prefix.length);
    for (std::size_t i = 0; i < count; ++i) {
      std::copy_n(in + i * columns_ + head_.length, head_.prefix.length, prefix_ + i * step);
    }
    MaskRow rows[k_block];
    fill_rows(head_.prefix.first_row, first, count, rows);
    apply_mask(*head_.prefix.mask, {rows, count}, static_cast<std::int64_t>(step), prefix_, prefix_);
  }

  const AttentionHead<T>& head_;
  std::size_t row_step_;
  std::size_t keys_;
  std::size_t columns_;
  float* q_;
  float* v_;
  float* k_;
  float* k_transposed_;
  float* prefix_;  // [k_block, padded(P)], probabilities of the prefix while they are masked
};

template <class T>
void attend_head(const AttentionHead<T>& head, HeadRows<T> out) {
  const std::size_t row_step = padded(head.width), columns = padded(HeadWork<T>::keys_of(head));
  Scratch scratch(HeadWork<T>::elements(head) + k_block * (columns + row_step));
  const HeadWork<T> work(head, scratch);
  float* p = scratch.take(k_block * columns);
  float* mixed = scratch.take(k_block * row_step);
  for (std::size_t first = 0; first < head.length; first += k_block) {
    const std::size_t count = std::min(k_block, head.length - first);
    work.probabilities(first, count, p);
    if (head.mask != nullptr) work.drop(first, count, p, p);
    small_product({p, columns, 1}, work.v(), mixed,
                  {count, work.vectors(row_step), work.keys(), row_step, row_step, false});
    narrow(mixed, count, head.width, 1.0f, HeadRows<T>{out.values + first * out.step, out.step});
  }
}

/// Adds rows [rows, width] with padded rows to rows elsewhere, when they are wanted.
HWY_INLINE void add_rows(const float* from, std::size_t rows, std::size_t width, HeadRows<float> to) {
  if (to.values == nullptr) return;
  for (std::size_t i = 0; i < rows; ++i) add_row(from + i * padded(width), width, to.values + i * to.step);
}

template <class T>
void attend_head_backward(const AttentionHead<T>& head, HeadRows<const T> outward,
                          const AttentionGradient<T>& gradient) {
  const std::size_t length = head.length, keys = HeadWork<T>::keys_of(head);
  const std::size_t row_step = padded(head.width), columns = padded(keys);
  Scratch scratch(HeadWork<T>::elements(head) + head.width * columns + (length + 2 * keys) * row_step +
                  3 * k_block * columns + k_block * row_step);
  const HeadWork<T> work(head, scratch);
  float* v_transposed = scratch.take(head.width * columns);
  float* out = scratch.take(length * row_step);  // gradient of the output
  float* dk = scratch.take(keys * row_step);
  float* dv = scratch.take(keys * row_step);
  float* p = scratch.take(k_block * columns);
  float* kept = scratch.take(k_block * columns);
  float* dp = scratch.take(k_block * columns);
  float* dq = scratch.take(k_block * row_step);
  transpose(work.v(), keys, head.width, v_transposed);
  widen(outward, length, head.width, 1.0f, out);
  const std::size_t row_vectors = work.vectors(row_step);
  for (std::size_t first = 0; first < length; first += k_block) {
    const std::size_t count = std::min(k_block, length - first);
    const float* block_out = out + first * row_step;
    work.probabilities(first, count, p);
    small_product({block_out, row_step, 1}, v_transposed, dp,
                  {count, work.vectors(columns), head.width, columns, columns, false});
    if (head.mask != nullptr) {
      work.drop(first, count, p, kept);
      work.drop(first, count, dp, dp);
    }
    const float* weights = head.mask != nullptr ? kept : p;
    small_product({weights, 1, columns}, block_out, dv, {keys, row_vectors, count, row_step, row_step, first > 0});
    softmax_backward_rows(p, dp, count, keys);
    for (std::size_t i = 0; gradient.bias != nullptr && i < count; ++i) {
      add_row(dp + i * columns, length, gradient.bias - (first + i));
    }
    small_product({dp, columns, 1}, work.k(), dq, {count, row_vectors, keys, row_step, row_step, false});
    small_product({dp, 1, columns}, work.q(first), dk, {keys, row_vectors, count, row_step, row_step, first > 0});
    narrow(dq, count, head.width, head.scale,
           HeadRows<T>{gradient.q.values + first * gradient.q.step, gradient.q.step});
  }
  narrow(dk, length, head.width, 1.0f, gradient.k);
  narrow(dv, length, head.width, 1.0f, gradient.v);
  add_rows(dk + length * row_step, head.prefix.length, head.width, gradient.prefix_k);
  add_rows(dv + length * row_step, head.prefix.length, head.width, gradient.prefix_v);
}

void attend_f32(const AttentionHead<float>& head, HeadRows<float> out) { attend_head(head, out); }
void attend_bf16(const AttentionHead<Bf16>& head, HeadRows<Bf16> out) { attend_head(head, out); }
void attend_backward_f32(const AttentionHead<float>& head, HeadRows<const float> outward,
                         const AttentionGradient<float>& gradient) {
  attend_head_backward(head, outward, gradient);
}
void attend_backward_bf16(const AttentionHead<Bf16>& head, HeadRows<const Bf16> outward,
                          const AttentionGradient<Bf16>& gradient) {
  attend_head_backward(head, outward, gradient);
}

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace coldframe {

HWY_EXPORT(attend_f32);
HWY_EXPORT(attend_bf16);
HWY_EXPORT(attend_backward_f32);
HWY_EXPORT(attend_backward_bf16);

void attend(const AttentionHead<float>& head, HeadRows<float> out) { HWY_DYNAMIC_DISPATCH(attend_f32)(head, out); }

void attend(const AttentionHead<Bf16>& head, HeadRows<Bf16> out) { HWY_DYNAMIC_DISPATCH(attend_bf16)(head, out); }

void attend_backward(const AttentionHead<float>& head, HeadRows<const float> outward,
                     const AttentionGradient<float>& gradient) {
  HWY_DYNAMIC_DISPATCH(attend_backward_f32)(head, outward, gradient);
}

void attend_backward(const AttentionHead<Bf16>& head, HeadRows<const Bf16> outward,
                     const AttentionGradient<Bf16>& gradient) {
  HWY_DYNAMIC_DISPATCH(attend_backward_bf16)(head, outward, gradient);
}

}  // namespace coldframe
#endif
