#pragma once

#include <cstddef>
#include <span>

#include "framework/distributed/aligned_buffer.h"
#include "framework/training/lane_pool.h"
#include "framework/training/state_slots.h"

namespace coldframe {

/// lambda / 2 sum_i F_i (p_i - a_i)^2 over all trainable parameters: what holds important parameters where they were.
/// Terms of several tasks, each with a centre of its own, are one term around their weighted mean and a constant:
///   F (p - p_1)^2 + G (p - p_2)^2 = (F + G) (p - m)^2 + F G / (F + G) (p_1 - p_2)^2,
///   m = (F p_1 + G p_2) / (F + G)
/// so that the room does not grow with the tasks.
class QuadraticPenalty {
 public:
  explicit QuadraticPenalty(const FlatLayout& layout);

  /// Adds lambda F (p - a) to a reduced gradient and returns the penalty. All threads of the pool; the bits do not
  /// depend on how many there are.
  double add_to(GradientSum& gradient, const ParameterStore& parameters, double lambda, LanePool& pool) const;

  /// Another term around the parameters as they are. `importance` [state_size], not negative.
  void add_term(std::span<const float> importance, const ParameterStore& parameters);
  /// One term around the parameters as they are, its importance `kept` times the earlier one plus `importance`.
  void replace_term(std::span<const float> importance, double kept, const ParameterStore& parameters);

  std::span<float> importance() { return importance_.span(); }  // [state_size] F
  std::span<float> centre() { return centre_.span(); }          // [state_size] a
  /// What the terms cost at their common centre, without lambda / 2. One value
  std::span<float> constant() { return {&constant_, 1}; }

 private:
  FlatLayout layout_;
  std::vector<StateSlot> slots_;
  AlignedBuffer importance_;
  AlignedBuffer centre_;
  float constant_ = 0;
};

}  // namespace coldframe
