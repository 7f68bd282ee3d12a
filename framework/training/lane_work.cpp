#include "framework/training/lane_work.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cstring>

#include "framework/core/error.h"
#include "framework/model/gradient_memory.h"
#include "framework/training/frozen_prefix.h"

namespace coldframe {

PackedBatch pack(const std::vector<PlannedText>& texts, TextRange range) {
  PackedBatch batch;
  batch.row_offsets.push_back(0);
  for (std::size_t i = range.begin; i < range.end; ++i) {
    batch.token_ids.insert(batch.token_ids.end(), texts[i].tokens->begin(), texts[i].tokens->end());
    batch.row_offsets.push_back(static_cast<std::int64_t>(batch.token_ids.size()));
    batch.view_keys.push_back(texts[i].key);
  }
  return batch;
}

LaneWork::LaneWork(const Encoder& encoder, const ParameterStore& parameters, const FlatLayout& layout,
                   const FrozenPrefix* prefix)
    : encoder_(encoder),
      layout_(layout),
      prefix_(prefix),
      view_(parameters, /*with_gradients=*/true),
      memory_(view_.collect_gradients()) {}

void LaneWork::perturb(const AdversarialOptions* options) {
  climbing_ = options;
  perturbations_.clear();
}

/// The leaf whose gradient is that of the perturbation, and of the rows of the token table.
at::Tensor LaneWork::perturbed_rows(const MicroBatch& micro_batch) const {
  const at::NoGradGuard no_grad;
  const at::Tensor ids = at::from_blob(const_cast<std::int64_t*>(micro_batch.batch.token_ids.data()),
                                       {micro_batch.batch.tokens()}, at::kLong);
  at::Tensor rows = at::embedding(view_[encoder_.token_table()].detach(), ids) + micro_batch.perturbation;
  return rows.requires_grad_();
}

void LaneWork::encode(MicroBatch& micro_batch) const {
  micro_batch.token_rows.reset();
  const bool perturbed = micro_batch.perturbation.defined();
  ForwardContext context{view_, micro_batch.batch, dropout_,
                         layout_.sparse().empty() && !perturbed ? nullptr : &micro_batch.token_rows};
  if (perturbed) micro_batch.token_rows = perturbed_rows(micro_batch);
  LayerInput start;
  if (prefix_ != nullptr) {
    start = prefix_->input(micro_batch.batch);
    context.start = &start;
  }
  micro_batch.output = encoder_.forward(context);
}

void LaneWork::forward(const TextPlan& plan, const LanePlan& lane, const DropoutContext& dropout,
                       Activations activations, std::span<float> embeddings) {
  dropout_ = dropout;
  activations_ = activations;
  micro_batches_.clear();
  const at::AutoGradMode mode(activations == Activations::keep);
  std::size_t at = 0;
  memory_->forget_uses();
  for (const TextRange range : lane.micro_batches) {
    MicroBatch& micro_batch = micro_batches_.emplace_back();
    micro_batch.batch = pack(plan.texts, range);
    if (climbing_ != nullptr) {
      if (perturbations_.size() < micro_batches_.size()) {
        perturbations_.push_back(
            first_perturbation(micro_batch.batch, encoder_.width(), *climbing_, dropout.seed, dropout.step));
      }
      micro_batch.perturbation = perturbations_[micro_batches_.size() - 1];
    }
    encode(micro_batch);
    const at::Tensor rows = micro_batch.output.contiguous();
    const auto size = static_cast<std::size_t>(rows.numel());
    CF_ASSERT(at + size <= embeddings.size());
    std::memcpy(embeddings.data() + at, rows.data_ptr<float>(), size * sizeof(float));
    at += size;
    if (activations == Activations::recompute) micro_batch.output.reset();
  }
  adds_once_ = micro_batches_.size() <= 1 && looked_ && !tied_ &&
               std::ranges::none_of(layout_.dense(), [&](const DenseSlot& slot) {
                 return memory_->uses(static_cast<std::size_t>(slot.parameter)) > 1;
               });
}

/// Points gradients at `sum`. What products do not write themselves (biases, LayerNorm, weights that took no part)
/// starts at zero.
void LaneWork::aim(GradientSum& sum, bool onto) {
  for (const DenseSlot& slot : layout_.dense()) {
    const auto parameter = static_cast<std::size_t>(slot.parameter);
    float* to = sum.dense.data() + slot.offset;
    (*memory_)[parameter] = {to, onto ? Putting::finish : Putting::write};
    if (!onto && memory_->uses(parameter) == 0) std::fill_n(to, slot.size, 0.0f);
  }
}

void LaneWork::backward(std::span<const float> gradient, GradientSum& sum, bool onto) {
  CF_EXPECTS(adds_once_ || !onto);
  const at::AutoGradMode mode(true);
  aim(sum, onto);
  std::size_t at = 0;
  for (MicroBatch& micro_batch : micro_batches_) {
    if (activations_ == Activations::recompute) encode(micro_batch);
    const at::Tensor& output = micro_batch.output;
    // The gradient is copied: a slice of the gathered buffer need not be aligned.
    at::Tensor head = at::from_blob(const_cast<float*>(gradient.data()) + at, output.sizes(), at::kFloat).clone();
    at += static_cast<std::size_t>(output.numel());
    if (!output.requires_grad()) continue;
    std::vector<at::Tensor> inputs;
    for (const DenseSlot& slot : layout_.dense()) inputs.push_back(view_[slot.parameter]);
    if (micro_batch.token_rows.defined()) inputs.push_back(micro_batch.token_rows);
    const std::vector<at::Tensor> gradients =
        torch::autograd::grad({output}, inputs, {head}, /*retain_graph=*/std::nullopt, /*create_graph=*/false,
                              /*allow_unused=*/true);
    add_gradients(micro_batch, gradients, sum);
    micro_batch.output.reset();
    micro_batch.token_rows.reset();
  }
  CF_ASSERT(!onto || !tied_);
  for (const DenseSlot& slot : layout_.dense()) {
    const GradientTarget& target = (*memory_)[static_cast<std::size_t>(slot.parameter)];
    const bool unwritten =
        target.putting == Putting::write && memory_->uses(static_cast<std::size_t>(slot.parameter)) > 0;
    if (unwritten) std::fill_n(target.to, slot.size, 0.0f);
  }
}

void LaneWork::add_gradients(MicroBatch& micro_batch, const std::vector<at::Tensor>& gradients, GradientSum& sum) {
  looked_ = true;
  for (std::size_t i = 0; i < layout_.dense().size(); ++i) {
    if (!gradients[i].defined()) continue;
    const DenseSlot& slot = layout_.dense()[i];
    tied_ = tied_ || memory_->uses(static_cast<std::size_t>(slot.parameter)) > 0;
    const at::Tensor values = gradients[i].contiguous();
    add_into(sum.dense.span().subspan(slot.offset, slot.size), {values.data_ptr<float>(), slot.size});
  }
  if (gradients.size() == layout_.dense().size() || !gradients.back().defined()) return;
  const at::Tensor rows = gradients.back().contiguous();
  if (!layout_.sparse().empty()) {
    sum.sparse[0].add(group_rows(micro_batch.batch.token_ids,
                                 {rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())}, rows.size(1)));
  }
  if (micro_batch.perturbation.defined()) ascend(micro_batch.batch, rows, *climbing_, micro_batch.perturbation);
}

}  // namespace coldframe
