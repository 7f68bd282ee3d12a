#pragma once

#include <string_view>

#include "framework/training/continual_method.h"

namespace coldframe {

/// Learning without forgetting (Li and Hoiem, arXiv 1606.09282): the similarity rows of every batch are drawn towards
/// those that the encoder had after the last task (SimilarityTargets::divergence). The earlier encoder reads the texts
/// of the step without dropout.
class RowDistillation final : public ContinualMethod {
 public:
  RowDistillation(const ContinualOptions& options, const MethodParts& parts);
  std::vector<SimilarityTargets> targets(const StepPlan& plan) override;
  void end_task(std::size_t task, TrainStep& step) override;
  std::vector<StateTensor> state() override;

 private:
  ContinualOptions options_;
  MethodParts parts_;
  std::vector<StateSlot> slots_;
  AlignedBuffer teacher_;  // [S] weights after the last task
};

/// Name of the state that holds what DarkReplay remembers: [memory, probe items], rows by place.
inline constexpr std::string_view k_remembered_rows = "continual.rows";

/// Dark experience replay (Buzzega et al., arXiv 2004.07211): a replayed user's similarity row to the probe items is
/// drawn towards the one it had in the step that put it into the memory, dropout included; DER++ when the loss of
/// replayed pairs counts too (TaskPlannerOptions::replay_weight).
class DarkReplay final : public ContinualMethod {
 public:
  DarkReplay(const ContinualOptions& options, const MethodParts& parts);
  std::vector<SimilarityTargets> targets(const StepPlan& plan) override;
  void look(const StepPlan& plan, const at::Tensor& embeddings) override;
  std::vector<StateTensor> state() override;

 private:
  std::int64_t offer();

  ContinualOptions options_;
  MethodParts parts_;
  Reservoir places_;    // in step with the planner's
  AlignedBuffer rows_;  // [memory, probe items]
};

}  // namespace coldframe
