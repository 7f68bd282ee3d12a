#pragma once

#include "framework/training/continual_method.h"
#include "framework/training/quadratic_penalty.h"

namespace coldframe {

/// Elastic weight consolidation (Kirkpatrick et al., arXiv 1612.00796): lambda / 2 sum_k sum_i F_k,i (p_i - p_k,i)^2
/// over the tasks k so far; online (Schwarz et al., "Progress and compress", arXiv 1805.06370): one term around the
/// last weights with F := decay F + F_k. F is the diagonal of the empirical Fisher information. An example is a user
/// and an item that the user likes, and its probability the row of the training loss for this pair alone: the softmax
/// over the item and `fisher_items` others, drawn uniformly, with the corrections of the loss:
///   F_i = 1 / N sum_n (d log p(item_n | user_n) / d p_i)^2
/// one backward for each example, without dropout. So F depends on no batch size.
class ElasticWeights final : public ContinualMethod {
 public:
  ElasticWeights(const ContinualOptions& options, const MethodParts& parts);
  double add_penalty(GradientSum& gradient) override;
  void end_task(std::size_t task, TrainStep& step) override;
  std::vector<StateTensor> state() override;

 private:
  ContinualOptions options_;
  MethodParts parts_;
  FlatLayout layout_;
  QuadraticPenalty penalty_;
};

/// Synaptic intelligence (Zenke, Poole and Ganguli, arXiv 1703.04200): the importance of a parameter is what its way
/// through a task took off the loss, w = - sum over steps g dp, over the squared way:
///   Omega := Omega + max(0, w) / ((p_end - p_start)^2 + damping),   penalty lambda / 2 sum Omega (p - p_end)^2
/// with g the gradient of the loss without the penalty, and dp what the whole update did.
class SynapticIntelligence final : public ContinualMethod {
 public:
  SynapticIntelligence(const ContinualOptions& options, const MethodParts& parts);
  void begin_task(std::size_t task) override;
  double add_penalty(GradientSum& gradient) override;
  void after_update() override;
  void end_task(std::size_t task, TrainStep& step) override;
  std::vector<StateTensor> state() override;

 private:
  ContinualOptions options_;
  MethodParts parts_;
  FlatLayout layout_;
  std::vector<StateSlot> slots_;
  QuadraticPenalty penalty_;
  AlignedBuffer gain_;    // [S] w of this task
  AlignedBuffer start_;   // [S] p where the task began
  AlignedBuffer before_;  // [S] p before the update
  GradientSum gradient_;  // of the loss
};

}  // namespace coldframe
