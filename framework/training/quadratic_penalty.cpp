#include "framework/training/quadratic_penalty.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "framework/training/parameter_slices.h"

namespace coldframe {
namespace {

/// gradient[i] += lambda F (p - a); returns sum F (p - a)^2.
double add_slice(float* gradient, const float* values, const float* importance, const float* centre, std::size_t size,
                 float lambda) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const float off = values[i] - centre[i], force = importance[i] * off;
    gradient[i] += lambda * force;
    sum += double{force} * double{off};
  }
  return sum;
}

/// Rows of a table that matter, with the gradient of their penalty; the sum of F (p - a)^2 goes to `sum`.
SparseRows penalty_rows(const SparseSlot& slot, const float* values, const float* importance, const float* centre,
                        float lambda, double& sum) {
  SparseRows rows{slot.width, {}, {}};
  const auto width = static_cast<std::size_t>(slot.width);
  for (std::int64_t row = 0; row < slot.rows; ++row) {
    const std::size_t at = static_cast<std::size_t>(row) * width;
    if (std::all_of(importance + at, importance + at + width, [](float f) { return f == 0; })) continue;
    rows.ids.push_back(row);
    rows.rows.resize(rows.rows.size() + width, 0.0f);
    sum += add_slice(rows.rows.data() + rows.rows.size() - width, values + at, importance + at, centre + at, width,
                     lambda);
  }
  return rows;
}

}  // namespace

QuadraticPenalty::QuadraticPenalty(const FlatLayout& layout)
    : layout_(layout), slots_(state_slots(layout)), importance_(layout.state_size()), centre_(layout.state_size()) {}

double QuadraticPenalty::add_to(GradientSum& gradient, const ParameterStore& parameters, double lambda,
                                LanePool& pool) const {
  const auto factor = static_cast<float>(lambda);
  const std::vector<ParameterSlice> slices = parameter_slices(layout_);
  std::vector<double> sums(slices.size(), 0.0);
  pool.run(slices.size(), [&](std::size_t index) {
    const ParameterSlice& slice = slices[index];
    if (slice.table != ParameterSlice::no_table) return;
    sums[index] = add_slice(
        gradient.dense.data() + slice.state, parameters.value(slice.parameter).const_data_ptr<float>() + slice.begin,
        importance_.data() + slice.state, centre_.data() + slice.state, slice.end - slice.begin, factor);
  });
  double total = double{constant_};
  for (const double sum : sums) total += sum;
  for (std::size_t table = 0; table < layout_.sparse().size(); ++table) {
    const SparseSlot& slot = layout_.sparse()[table];
    gradient.sparse[table].add(penalty_rows(slot, parameters.value(slot.parameter).const_data_ptr<float>(),
                                            importance_.data() + slot.state_offset, centre_.data() + slot.state_offset,
                                            factor, total));
  }
  return 0.5 * lambda * total;
}

void QuadraticPenalty::add_term(std::span<const float> importance, const ParameterStore& parameters) {
  double constant = double{constant_};
  for (const StateSlot& slot : slots_) {
    const float* values = parameters.value(slot.parameter).const_data_ptr<float>();
    for (std::size_t i = 0; i < slot.size; ++i) {
      const float more = importance[slot.offset + i];
      if (more <= 0) continue;
      float &held = importance_.data()[slot.offset + i], &centre = centre_.data()[slot.offset + i];
      const float off = values[i] - centre, sum = held + more;
      constant += double{held} * double{more} / double{sum} * double{off} * double{off};
      centre += more / sum * off;
      held = sum;
    }
  }
  constant_ = static_cast<float>(constant);
}

void QuadraticPenalty::replace_term(std::span<const float> importance, double kept, const ParameterStore& parameters) {
  for (const StateSlot& slot : slots_) {
    for (std::size_t i = slot.offset; i < slot.offset + slot.size; ++i) {
      importance_.data()[i] = static_cast<float>(kept * double{importance_.data()[i]} + double{importance[i]});
    }
  }
  copy_values(parameters, slots_, centre_.span());
  constant_ = 0;
}

}  // namespace coldframe
