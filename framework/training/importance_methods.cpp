#include "framework/training/importance_methods.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "framework/core/log.h"
#include "framework/training/train_step.h"

namespace coldframe {
namespace {

StateTensor state_tensor(std::string name, std::span<float> values) {
  return {std::move(name), {static_cast<std::int64_t>(values.size())}, values};
}

std::vector<StateTensor> penalty_state(QuadraticPenalty& penalty) {
  return {state_tensor("continual.importance", penalty.importance()),
          state_tensor("continual.centre", penalty.centre()), state_tensor("continual.constant", penalty.constant())};
}

void copy_into(GradientSum& to, const GradientSum& from) {
  if (to.dense.size() != from.dense.size()) to.dense = AlignedBuffer(from.dense.size());
  std::ranges::copy(from.dense.span(), to.dense.data());
  to.sparse = from.sparse;
}

}  // namespace

ElasticWeights::ElasticWeights(const ContinualOptions& options, const MethodParts& parts)
    : options_(options), parts_(parts), layout_(parts.parameters), penalty_(layout_) {}

double ElasticWeights::add_penalty(GradientSum& gradient) {
  return penalty_.add_to(gradient, parts_.parameters, options_.penalty, parts_.pool);
}

void ElasticWeights::end_task(std::size_t task, TrainStep& step) {
  AlignedBuffer fisher(layout_.state_size());
  if (parts_.group.is_root()) {
    log_info("importance of parameters from {} pairs of task {}", options_.fisher_examples, task + 1);
  }
  const auto share = 1.0f / static_cast<float>(options_.fisher_examples);
  for (std::int64_t example = 0; example < options_.fisher_examples; ++example) {
    GradientSum gradient = step.gradient(parts_.planner.example(task, example));
    visit_gradient(gradient, layout_,
                   [&](std::size_t at, float value) { fisher.data()[at] += share * (value * value); });
    step.give_back(std::move(gradient));
  }
  if (options_.method == "online_ewc") {
    penalty_.replace_term(fisher.span(), options_.importance_decay, parts_.parameters);
  } else {
    penalty_.add_term(fisher.span(), parts_.parameters);
  }
}

std::vector<StateTensor> ElasticWeights::state() { return penalty_state(penalty_); }

SynapticIntelligence::SynapticIntelligence(const ContinualOptions& options, const MethodParts& parts)
    : options_(options),
      parts_(parts),
      layout_(parts.parameters),
      slots_(state_slots(layout_)),
      penalty_(layout_),
      gain_(layout_.state_size()),
      start_(layout_.state_size()),
      before_(layout_.state_size()) {}

void SynapticIntelligence::begin_task(std::size_t) {
  copy_values(parts_.parameters, slots_, start_.span());
  std::ranges::fill(gain_.span(), 0.0f);
}

double SynapticIntelligence::add_penalty(GradientSum& gradient) {
  copy_into(gradient_, gradient);
  copy_values(parts_.parameters, slots_, before_.span());
  return penalty_.add_to(gradient, parts_.parameters, options_.penalty, parts_.pool);
}

void SynapticIntelligence::after_update() {
  AlignedBuffer now(layout_.state_size());
  copy_values(parts_.parameters, slots_, now.span());
  visit_gradient(gradient_, layout_, [&](std::size_t at, float value) {
    gain_.data()[at] -= value * (now.data()[at] - before_.data()[at]);
  });
}

void SynapticIntelligence::end_task(std::size_t, TrainStep&) {
  AlignedBuffer importance(layout_.state_size()), end(layout_.state_size());
  copy_values(parts_.parameters, slots_, end.span());
  for (std::size_t i = 0; i < end.size(); ++i) {
    const float way = end.data()[i] - start_.data()[i];
    importance.data()[i] = std::max(0.0f, gain_.data()[i]) / (way * way + static_cast<float>(options_.damping));
  }
  penalty_.replace_term(importance.span(), /*kept=*/1.0, parts_.parameters);
}

std::vector<StateTensor> SynapticIntelligence::state() {
  std::vector<StateTensor> tensors = penalty_state(penalty_);
  tensors.push_back(state_tensor("continual.gain", gain_.span()));
  tensors.push_back(state_tensor("continual.start", start_.span()));
  return tensors;
}

}  // namespace coldframe
