#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace coldframe {

enum class MergeMethod {
  linear,  // sum_i w_i c_i (task arithmetic, arXiv 2212.04089)
  ties,    // TIES (arXiv 2306.01708): see below
  dare,    // DARE (arXiv 2311.03099): sum_i w_i m_i c_i / density, m_i keeping each element with probability density
};

/// How what several trainings changed becomes one change. Of TIES, in the order PEFT follows, per tensor: keep the
/// floor(density n) largest elements of every c_i; elect per element the sign of their sum, + when it is 0; then
/// sum_i w_i c_i over those of the elected sign, divided by how many there are.
struct MergeRule {
  MergeMethod method = MergeMethod::linear;
  std::vector<double> weights;  // one per training
  double density = 0.5;
  std::uint64_t seed = 1;
};

/// The change of the tensor `name` from those of all trainings, which have one shape. Of equal elements the earlier one
/// is kept; a DARE mask belongs to (seed, training, name, element) and to nothing else.
at::Tensor combined_change(const std::vector<at::Tensor>& changes, const MergeRule& rule, std::string_view name);

}  // namespace coldframe
