#pragma once

#include "framework/training/continual_method.h"

namespace coldframe {

/// After task t the weights are averaged with those from before it: p := p_before + w (p - p_before), w = 1 / t unless
/// chosen, so that they are the mean of what all tasks ended with (mean-IMM, Lee et al., arXiv 1703.08475). The next
/// task begins at the average.
class WeightAveraging final : public ContinualMethod {
 public:
  WeightAveraging(const ContinualOptions& options, const MethodParts& parts);
  void begin_task(std::size_t task) override;
  void end_task(std::size_t task, TrainStep& step) override;
  std::vector<StateTensor> state() override;

 private:
  double weight_;
  MethodParts parts_;
  std::vector<StateSlot> slots_;
  AlignedBuffer start_;  // [S]
};

/// Everything that is trained (adapters, LoRA matrices, ...) once for every task, each from the untrained values.
/// People of a task are served by its own weights, those of tasks to come by the latest. Which task somebody belongs to
/// has to be known, as it is for arrivals and attributes.
class TaskWeights final : public ContinualMethod {
 public:
  explicit TaskWeights(const MethodParts& parts);
  void begin_task(std::size_t task) override;
  void end_task(std::size_t task, TrainStep& step) override;
  bool serve(std::size_t task) override;
  std::vector<StateTensor> state() override;

 private:
  MethodParts parts_;
  std::vector<StateSlot> slots_;
  AlignedBuffer untrained_;           // [S]
  std::vector<AlignedBuffer> tasks_;  // [T][S]
  float learned_ = 0;                 // tasks that have ended
};

}  // namespace coldframe
