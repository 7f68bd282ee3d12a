#include "framework/training/state_slots.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstring>

#include "framework/core/error.h"

namespace coldframe {

std::vector<StateSlot> state_slots(const FlatLayout& layout) {
  std::vector<StateSlot> slots;
  for (const DenseSlot& slot : layout.dense()) slots.push_back({slot.parameter, slot.offset, slot.size});
  for (const SparseSlot& slot : layout.sparse()) {
    slots.push_back({slot.parameter, slot.state_offset, static_cast<std::size_t>(slot.rows * slot.width)});
  }
  return slots;
}

void copy_values(const ParameterStore& parameters, const std::vector<StateSlot>& slots, std::span<float> state) {
  for (const StateSlot& slot : slots) {
    CF_EXPECTS(slot.offset + slot.size <= state.size());
    std::memcpy(state.data() + slot.offset, parameters.value(slot.parameter).const_data_ptr<float>(),
                slot.size * sizeof(float));
  }
}

void put_values(std::span<const float> state, const std::vector<StateSlot>& slots, ParameterStore& parameters) {
  for (const StateSlot& slot : slots) {
    CF_EXPECTS(slot.offset + slot.size <= state.size());
    std::memcpy(parameters.value(slot.parameter).data_ptr<float>(), state.data() + slot.offset,
                slot.size * sizeof(float));
  }
}

void swap_values(std::span<float> state, const std::vector<StateSlot>& slots, ParameterStore& parameters) {
  for (const StateSlot& slot : slots) {
    CF_EXPECTS(slot.offset + slot.size <= state.size());
    float* values = parameters.value(slot.parameter).data_ptr<float>();
    std::swap_ranges(values, values + slot.size, state.data() + slot.offset);
  }
}

}  // namespace coldframe
