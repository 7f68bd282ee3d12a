#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "framework/model/parameters.h"

namespace coldframe {

/// The reduced gradient of a trained, dense parameter, in place.
using GradientOf = std::function<std::span<float>(ParameterIndex)>;

/// What a resumed run needs of a strategy besides parameters; borrowed.
struct StrategyState {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<float> values;
};

/// What a strategy does in a training step beside its deltas. Every rank calls it at the same places with the same
/// bits. Steps count from 1.
class StrategyTraining {
 public:
  virtual ~StrategyTraining() = default;
  /// Before the first step of a run of so many; ConfigError when they do not suffice.
  virtual void begin(std::int64_t steps) = 0;
  /// After the reduction, before norm and clipping: may add the gradient of a penalty on parameters; returns the
  /// penalty.
  virtual double after_reduction(std::int64_t step, const ParameterStore& parameters, const GradientOf& gradient) = 0;
  /// After the update, which multiplied the gradient by `clip`. Returns the parameters that it changed.
  virtual std::vector<ParameterIndex> after_update(std::int64_t step, float clip, ParameterStore& parameters,
                                                   const GradientOf& gradient) = 0;
  virtual std::vector<StrategyState> state() = 0;
};

}  // namespace coldframe
