#include "framework/training/flat_layout.h"

#include <ATen/core/Tensor.h>

namespace coldframe {
namespace {

constexpr std::size_t k_alignment = 16;  // elements: one cache line

std::size_t round_up(std::size_t size) { return (size + k_alignment - 1) / k_alignment * k_alignment; }

}  // namespace

FlatLayout::FlatLayout(const ParameterStore& parameters) {
  for (const ParameterIndex index : parameters.trainable()) {
    const at::Tensor& value = parameters.value(index);
    if (parameters.info(index).sparse_rows) {
      sparse_.push_back({index, value.size(0), value.size(1), 0});
      continue;
    }
    const auto size = static_cast<std::size_t>(value.numel());
    dense_.push_back({index, dense_size_, size});
    dense_size_ += round_up(size);
  }
  state_size_ = dense_size_;
  for (SparseSlot& slot : sparse_) {
    slot.state_offset = state_size_;
    state_size_ += round_up(static_cast<std::size_t>(slot.rows * slot.width));
  }
}

std::vector<std::int64_t> FlatLayout::sparse_widths() const {
  std::vector<std::int64_t> widths;
  for (const SparseSlot& slot : sparse_) widths.push_back(slot.width);
  return widths;
}

const DenseSlot* FlatLayout::find_dense(ParameterIndex parameter) const {
  for (const DenseSlot& slot : dense_) {
    if (slot.parameter == parameter) return &slot;
  }
  return nullptr;
}

}  // namespace coldframe
