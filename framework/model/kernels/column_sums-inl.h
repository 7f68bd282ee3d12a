// Sums over the rows of a matrix, once per instruction set.
#if defined(COLDFRAME_COLUMN_SUMS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef COLDFRAME_COLUMN_SUMS_INL_H
#undef COLDFRAME_COLUMN_SUMS_INL_H
#else
#define COLDFRAME_COLUMN_SUMS_INL_H
#endif

#include <algorithm>
#include <vector>

#include "framework/model/kernels/vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace coldframe::HWY_NAMESPACE {

/// Block by block: rows are added up within a block first, so that many rows lose no more bits than one block does.
class ColumnSums {
 public:
  /// `total` [width], null when nobody wants the sums.
  ColumnSums(float* total, std::size_t width) : total_(total), width_(width) {
    if (total_ == nullptr) return;
    std::fill(total_, total_ + width_, 0.0f);
    block_.assign(width_, 0.0f);
  }

  bool wanted() const { return total_ != nullptr; }

  /// Adds the row term(tag, column).
  template <class Term>
  HWY_INLINE void add(const Term& term) {
    float* block = block_.data();
    each(width_, [&](auto d, std::size_t c) HWY_ATTR { store(d, hn::Add(load(d, block + c), term(d, c)), block + c); });
  }

  void end_block() {
    if (total_ == nullptr) return;
    float* block = block_.data();
    each(width_, [&](auto d, std::size_t c) HWY_ATTR {
      store(d, hn::Add(load(d, total_ + c), load(d, block + c)), total_ + c);
      store(d, hn::Zero(d), block + c);
    });
  }

 private:
  float* total_;
  std::size_t width_;
  std::vector<float> block_;
};

}  // namespace coldframe::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
