#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <vector>

#include "framework/data/lane_plan.h"
#include "framework/distributed/gradient_sum.h"
#include "framework/model/encoder.h"
#include "framework/training/flat_layout.h"
#include "framework/training/word_perturbation.h"

namespace coldframe {

class FrozenPrefix;

enum class Activations { keep, recompute };

/// One lane of one pass: encodes its micro-batches, then carries the gradient of its embeddings back into its own
/// buffer. Every call runs on one thread with one intra-op thread.
class LaneWork {
 public:
  /// `prefix`: where the layers below its own are taken from; null: they are computed like the others.
  LaneWork(const Encoder& encoder, const ParameterStore& parameters, const FlatLayout& layout,
           const FrozenPrefix* prefix = nullptr);

  /// Until the next call texts are read with perturbed word embeddings: the next forward() draws the perturbations (by
  /// the seed and step of its dropout), every backward() moves them up the loss. Null: texts as they are. Borrows the
  /// options.
  void perturb(const AdversarialOptions* options);
  /// Writes the embeddings of the lane's texts to `embeddings` [texts of the lane, D].
  void forward(const TextPlan& plan, const LanePlan& lane, const DropoutContext& dropout, Activations activations,
               std::span<float> embeddings);
  /// Whether backward() adds every element of its gradient once: it may then add into the sum of another lane, with the
  /// bits of a sum of its own that is added afterwards. Holds from forward() on.
  bool adds_once() const { return adds_once_; }
  /// `gradient` [texts of the lane, D]. Micro-batches are added in order. `onto`: to what stands in `sum`, a lane that
  /// adds once only; else `sum` is written, whatever it held.
  void backward(std::span<const float> gradient, GradientSum& sum, bool onto);

 private:
  struct MicroBatch {
    PackedBatch batch;
    at::Tensor token_rows;
    at::Tensor perturbation;  // [T, D] of the word embeddings; undefined: none
    at::Tensor output;  // [N, D], with its graph when activations are kept
  };
  void encode(MicroBatch& micro_batch) const;
  at::Tensor perturbed_rows(const MicroBatch& micro_batch) const;
  void aim(GradientSum& sum, bool onto);
  void add_gradients(MicroBatch& micro_batch, const std::vector<at::Tensor>& gradients, GradientSum& sum);

  const Encoder& encoder_;
  const FlatLayout& layout_;
  const FrozenPrefix* prefix_;
  ParameterView view_;
  std::shared_ptr<GradientMemory> memory_;  // backward adds gradients of matrices there
  DropoutContext dropout_;
  Activations activations_ = Activations::keep;
  bool adds_once_ = false;
  bool looked_ = false;  // at the gradients of a micro-batch: only then is it known that
  bool tied_ = false;    // some weight has a gradient from a product and another from elsewhere
  std::vector<MicroBatch> micro_batches_;
  const AdversarialOptions* climbing_ = nullptr;
  std::vector<at::Tensor> perturbations_;  // by micro-batch, from the first pass of a step to its last
};

/// Lays the texts [range.begin, range.end) of a plan end to end.
PackedBatch pack(const std::vector<PlannedText>& texts, TextRange range);

}  // namespace coldframe
