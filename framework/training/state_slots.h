#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "framework/distributed/aligned_buffer.h"
#include "framework/distributed/gradient_sum.h"
#include "framework/training/flat_layout.h"

namespace coldframe {

/// Where a trainable parameter stands in buffers of FlatLayout::state_size(): dense ones, then the tables in full.
struct StateSlot {
  ParameterIndex parameter = -1;
  std::size_t offset = 0;
  std::size_t size = 0;
};

std::vector<StateSlot> state_slots(const FlatLayout& layout);

/// The values of all trainable parameters. `state` [state_size]; gaps stay as they are.
void copy_values(const ParameterStore& parameters, const std::vector<StateSlot>& slots, std::span<float> state);
/// Puts them back; rounded copies count as outdated.
void put_values(std::span<const float> state, const std::vector<StateSlot>& slots, ParameterStore& parameters);
/// Exchanges the two.
void swap_values(std::span<float> state, const std::vector<StateSlot>& slots, ParameterStore& parameters);

/// visit(state offset, gradient value) for everything that has a gradient, in ascending order.
template <class Visit>
void visit_gradient(const GradientSum& gradient, const FlatLayout& layout, Visit visit) {
  for (const DenseSlot& slot : layout.dense()) {
    for (std::size_t i = 0; i < slot.size; ++i) visit(slot.offset + i, gradient.dense.data()[slot.offset + i]);
  }
  for (std::size_t table = 0; table < layout.sparse().size(); ++table) {
    const SparseRows& rows = gradient.sparse[table];
    const auto width = static_cast<std::size_t>(layout.sparse()[table].width);
    for (std::size_t r = 0; r < rows.ids.size(); ++r) {
      const std::size_t at = layout.sparse()[table].state_offset + static_cast<std::size_t>(rows.ids[r]) * width;
      for (std::size_t d = 0; d < width; ++d) visit(at + d, rows.rows[r * width + d]);
    }
  }
}

}  // namespace coldframe
