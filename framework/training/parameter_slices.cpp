#include "framework/training/parameter_slices.h"

#include <algorithm>

namespace coldframe {
namespace {

constexpr std::size_t k_slice = 1 << 17;  // elements: 2 MiB of values, moments and gradient

void cut(std::vector<ParameterSlice>& slices, const ParameterSlice& whole, std::size_t step) {
  for (std::size_t begin = whole.begin; begin < whole.end; begin += step) {
    ParameterSlice slice = whole;
    slice.begin = begin;
    slice.end = std::min(whole.end, begin + step);
    slice.state = whole.state + begin;
    slices.push_back(slice);
  }
}

}  // namespace

std::vector<ParameterSlice> parameter_slices(const FlatLayout& layout) {
  std::vector<ParameterSlice> slices;
  std::size_t ordinal = 0;
  for (const DenseSlot& slot : layout.dense()) {
    cut(slices, {slot.parameter, ordinal++, 0, slot.size, slot.offset, ParameterSlice::no_table}, k_slice);
  }
  for (std::size_t table = 0; table < layout.sparse().size(); ++table) {
    const SparseSlot& slot = layout.sparse()[table];
    const auto width = static_cast<std::size_t>(slot.width);
    const std::size_t size = static_cast<std::size_t>(slot.rows) * width;
    cut(slices, {slot.parameter, ordinal++, 0, size, slot.state_offset, table}, (k_slice / width + 1) * width);
  }
  return slices;
}

}  // namespace coldframe
