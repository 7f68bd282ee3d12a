#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "framework/comm/group.h"
#include "framework/distributed/lane_tree.h"
#include "framework/distributed/subtree_sums.h"
#include "framework/model/encoder.h"
#include "framework/model/strategy_training.h"
#include "framework/training/adamw.h"
#include "framework/training/continual_method.h"
#include "framework/training/lane_pool.h"
#include "framework/training/lane_work.h"
#include "framework/training/objective.h"
#include "framework/training/schedule.h"
#include "framework/training/step_plan.h"

namespace coldframe {

/// What a step needs to know besides its plan.
struct StepOptions {
  std::uint64_t seed = 1;
  std::int64_t lanes = 4;
  std::int64_t replicate_below = 1024;  // up to this many anchors every rank computes all loss blocks
  Activations activations = Activations::keep;
  bool dropout_below_trainable = true;  // `[strategy] frozen_dropout`
  int gradients = 1;  // reduced ones held at once: 2 where a step looks at the past (A-GEM) or has several passes
  AdversarialOptions adversarial = {};  // perturbed word embeddings; needs a second gradient
  double group_gap = 0;                 // strength of the penalty on gaps between groups (group_gap.h); 0: none
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
};

/// How far groups of users lie apart in a batch.
struct GapReport {
  double penalty = 0;  // what that adds to the loss
  double gap = 0;      // largest minus smallest mean loss of a group
};

/// What a step reports. Everything but the times has the same bits on any number of ranks and threads.
struct StepReport {
  std::int64_t step = 0;       // 0-based
  std::size_t task = 0;        // of a stream
  std::int64_t task_step = 0;  // 0-based
  double loss = 0;             // mean over the global batch, weighted where the plan weighs its anchors; mean of passes
  std::optional<GapReport> groups;  // under a penalty on gaps between groups
  double penalty = 0;          // that strategies and continual learning add on parameters
  std::optional<double> ascent;  // loss of the last pass minus that of the first, under perturbed word embeddings
  double past = 0;             // inner product of the gradient with that of earlier tasks (A-GEM)
  double gradient_norm = 0;
  double learning_rate = 0;
  double clip = 1;
  std::int64_t texts = 0;
  std::int64_t tokens = 0;
  std::uint64_t digest = 0;  // of the parameters after the update
  bool stop = false;         // some rank wants to stop after this step
  double seconds = 0;
};

/// A forward and backward of the whole batch under one dropout pass, reduced over all ranks. Most steps are one pass.
struct Pass {
  std::int32_t number = 0;  // enters the dropout key
  bool dropout = true;
  std::span<const SimilarityTargets> targets = {};
};

/// Live gradient buffers that a rank with so many lanes and threads can need at most.
int gradient_buffer_bound(std::size_t lanes, int threads);

/// One training step on a group: encode lanes, gather, loss, backward, reduce in the fixed tree, update.
/// Every rank holds all parameters and ends with the same bits.
class TrainStep {
 public:
  /// `prefix`: as in LaneWork; only with options.dropout_below_trainable == false. `strategies`: what they do in a
  /// step, begun. `method`: how a stream of tasks is learned; may be null.
  TrainStep(const Group& group, LanePool& pool, const Encoder& encoder, ParameterStore& parameters,
            const Objective& objective, const StepOptions& options, const FrozenPrefix* prefix = nullptr,
            std::vector<StrategyTraining*> strategies = {}, ContinualMethod* method = nullptr);

  /// `wants_stop` is this rank's wish; the report tells what the ranks agreed on.
  StepReport run(const StepPlan& plan, bool wants_stop);

  /// The reduced gradient of a plan without dropout, collective; nothing is updated. To be given back.
  GradientSum gradient(const StepPlan& plan);
  void give_back(GradientSum gradient) { sums_.give_back(std::move(gradient)); }

  /// To be called after parameters were replaced (resume): ranks compare the digest in the next step.
  void refresh_digest() { digest_.refresh_all(parameters_, &pool_); }

  AdamW& optimizer() { return optimizer_; }
  const FlatLayout& layout() const { return layout_; }
  const std::vector<StrategyTraining*>& strategies() const { return strategies_; }
  ContinualMethod* method() const { return method_; }
  int peak_gradient_buffers() const { return sums_.peak_buffers(); }
  /// Live gradient buffers a rank can need at most.
  int gradient_buffer_bound() const {
    return coldframe::gradient_buffer_bound(lanes_.size(), pool_.threads()) + options_.gradients - 1;
  }

 private:
  struct Gathered {
    AlignedBuffer embeddings;  // [U, D]
    bool stop = false;
  };
  struct Loss {
    double value = 0;
    std::optional<GapReport> groups;
    AlignedBuffer gradient;                  // [U, D], then objective parameters
    std::vector<double> parameter_gradient;  // by Objective::parameters()
  };
  struct PassResult {
    double loss = 0;
    std::optional<GapReport> groups;
    bool stop = false;
    GradientSum gradient;
    AlignedBuffer embeddings;  // [U, D]
  };
  void begin_task(const StepPlan& plan);
  PassResult run_passes(const StepPlan& plan, bool wants_stop, StepReport& report);
  PassResult run_ascent(const StepPlan& plan, bool wants_stop, StepReport& report);
  void round_weights();
  PassResult run_pass(const StepPlan& plan, const Pass& pass, bool wants_stop);
  Gathered encode_and_gather(const StepPlan& plan, const Pass& pass, bool wants_stop);
  void gather(const StepPlan& plan, Gathered& gathered, bool wants_stop);
  Loss compute_loss(const StepPlan& plan, const Pass& pass, AlignedBuffer& embeddings);
  AlignedBuffer sum_blocks(std::size_t anchors, std::size_t size, const std::function<GradientSum(std::size_t)>& block);
  GradientSum loss_block(const LossBatch& batch, const Pass& pass, const at::Tensor& embeddings,
                         std::size_t block) const;
  GradientSum group_block(const LossBatch& batch, const at::Tensor& embeddings, std::size_t block) const;
  GradientSum backward(const StepPlan& plan, const Loss& loss);
  std::span<float> gradient_of(GradientSum& gradient, ParameterIndex parameter) const;
  void apply(PassResult& result, StepReport& report);

  const Group& group_;
  LanePool& pool_;
  const Encoder& encoder_;
  ParameterStore& parameters_;
  const Objective& objective_;
  StepOptions options_;
  LaneTree tree_;
  FlatLayout layout_;
  AdamW optimizer_;
  SubtreeSums sums_;
  std::vector<LaneWork> lanes_;  // of this rank
  ParameterDigest digest_;
  std::vector<StrategyTraining*> strategies_;
  ContinualMethod* method_;
};

}  // namespace coldframe
