#include "framework/training/weight_methods.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>

namespace coldframe {

WeightAveraging::WeightAveraging(const ContinualOptions& options, const MethodParts& parts)
    : weight_(options.average_weight),
      parts_(parts),
      slots_(state_slots(FlatLayout(parts.parameters))),
      start_(FlatLayout(parts.parameters).state_size()) {}

void WeightAveraging::begin_task(std::size_t) { copy_values(parts_.parameters, slots_, start_.span()); }

void WeightAveraging::end_task(std::size_t task, TrainStep&) {
  const auto share = static_cast<float>(weight_ > 0 ? weight_ : 1.0 / static_cast<double>(task + 1));
  for (const StateSlot& slot : slots_) {
    float* values = parts_.parameters.value(slot.parameter).data_ptr<float>();
    for (std::size_t i = 0; i < slot.size; ++i) {
      const float before = start_.data()[slot.offset + i];
      values[i] = before + share * (values[i] - before);
    }
  }
}

std::vector<StateTensor> WeightAveraging::state() {
  return {{"continual.start", {static_cast<std::int64_t>(start_.size())}, start_.span()}};
}

TaskWeights::TaskWeights(const MethodParts& parts)
    : parts_(parts),
      slots_(state_slots(FlatLayout(parts.parameters))),
      untrained_(FlatLayout(parts.parameters).state_size()) {
  copy_values(parts_.parameters, slots_, untrained_.span());
  for (std::size_t task = 0; task < parts.planner.tasks(); ++task) tasks_.emplace_back(untrained_.size());
}

void TaskWeights::begin_task(std::size_t) { put_values(untrained_.span(), slots_, parts_.parameters); }

void TaskWeights::end_task(std::size_t task, TrainStep&) {
  copy_values(parts_.parameters, slots_, tasks_[task].span());
  learned_ = static_cast<float>(task + 1);
}

bool TaskWeights::serve(std::size_t task) {
  if (learned_ == 0) return false;
  const std::size_t own = std::min(task, static_cast<std::size_t>(learned_) - 1);
  put_values(tasks_[own].span(), slots_, parts_.parameters);
  return true;
}

std::vector<StateTensor> TaskWeights::state() {
  std::vector<StateTensor> tensors{
      {"continual.learned", {1}, {&learned_, 1}},
      {"continual.untrained", {static_cast<std::int64_t>(untrained_.size())}, untrained_.span()}};
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    tensors.push_back({fmt::format("continual.task.{}", task + 1),
                       {static_cast<std::int64_t>(untrained_.size())},
                       tasks_[task].span()});
  }
  return tensors;
}

}  // namespace coldframe
