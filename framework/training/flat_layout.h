#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/model/parameters.h"

namespace coldframe {

/// A dense trainable parameter inside the flat gradient and optimizer buffers.
struct DenseSlot {
  ParameterIndex parameter = -1;
  std::size_t offset = 0;  // in elements, a multiple of 16 (64 bytes)
  std::size_t size = 0;
};

/// A trainable table whose gradient is a list of rows (token embeddings).
struct SparseSlot {
  ParameterIndex parameter = -1;
  std::int64_t rows = 0;
  std::int64_t width = 0;
  std::size_t state_offset = 0;  // of its moments, behind the dense ones
};

/// Where each trainable parameter stands in flat buffers: in store order, gaps are zero. [P] float32.
class FlatLayout {
 public:
  explicit FlatLayout(const ParameterStore& parameters);

  const std::vector<DenseSlot>& dense() const { return dense_; }
  const std::vector<SparseSlot>& sparse() const { return sparse_; }
  std::size_t dense_size() const { return dense_size_; }
  /// Elements of an optimizer moment: the dense part, then every sparse table in full.
  std::size_t state_size() const { return state_size_; }
  std::vector<std::int64_t> sparse_widths() const;
  /// nullptr when the parameter is not dense and trainable.
  const DenseSlot* find_dense(ParameterIndex parameter) const;

 private:
  std::vector<DenseSlot> dense_;
  std::vector<SparseSlot> sparse_;
  std::size_t dense_size_ = 0;
  std::size_t state_size_ = 0;
};

}  // namespace coldframe
