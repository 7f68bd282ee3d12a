#include "framework/cli/cost_estimate.h"

#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "framework/model/prompt_strategy.h"
#include "framework/training/continual_method.h"
#include "framework/training/flat_layout.h"
#include "framework/training/train_step.h"

namespace coldframe {
namespace {

/// Best of a few products of the encoder's own shape, one core.
double measure_core_flops(std::int64_t width, Precision precision) {
  at::set_num_threads(1);
  const auto type = at::TensorOptions().dtype(precision == Precision::bf16 ? at::kBFloat16 : at::kFloat);
  const at::Tensor a = at::ones({512, width}, type), b = at::ones({width, 4 * width}, type);
  double best = 0;
  for (int repeat = 0; repeat < 8; ++repeat) {
    const auto started = std::chrono::steady_clock::now();
    at::mm(a, b);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    best = std::max(best, 2.0 * 512 * static_cast<double>(width) * 4 * static_cast<double>(width) / seconds);
  }
  return best;
}

/// Sizes of an encoder as the estimate needs them.
struct Shape {
  /// Perturbed word embeddings have a gradient, so every layer is recorded.
  Shape(const Learner& learner, const AdversarialOptions& adversarial)
      : parameters(learner.parameters),
        encoder(*learner.encoder),
        first_layer(adversarial.active() ? -1 : encoder.first_trainable_layer(ParameterView(parameters, false))),
        width(static_cast<double>(encoder.width())) {
    for (const LinearSite& site : encoder.linear_sites()) {
      weights += static_cast<double>(site.in) * static_cast<double>(site.out);
      inner = std::max(inner, static_cast<double>(std::max(site.in, site.out)));
      weights_trained = weights_trained || parameters.info(site.weight).trainable;
    }
  }

  bool trained() const { return first_layer < encoder.layers(); }
  double recorded_layers() const { return static_cast<double>(encoder.layers() - std::max<std::int64_t>(first_layer, 0)); }
  double element_bytes() const { return parameters.precision() == Precision::bf16 ? 2 : 4; }

  const ParameterStore& parameters;
  const Encoder& encoder;
  std::int64_t first_layer;
  double width;
  double inner = 0;    // the widest row
  double weights = 0;  // of all linear maps
  bool weights_trained = false;
};

/// Columns that products keep for the gradients of their weights, over all layers: queries, keys and values share their
/// input; a matrix that a strategy added keeps an input of its own.
double kept_inputs(const Shape& shape) {
  double columns = 0;
  std::set<std::int32_t> counted;  // layers whose shared input is in
  const std::set<ParameterIndex> own(shape.encoder.parameters().begin(), shape.encoder.parameters().end());
  for (const LinearSite& site : shape.encoder.linear_sites()) {
    if (!shape.parameters.info(site.weight).trainable) continue;
    const bool shared = site.name.ends_with("query") || site.name.ends_with("key") || site.name.ends_with("value");
    if (!shared || counted.insert(site.layer).second) columns += static_cast<double>(site.in);
  }
  for (const ParameterIndex index : shape.parameters.trainable()) {
    const at::IntArrayRef sizes = shape.parameters.sizes(index);
    if (!own.contains(index) && sizes.size() == 2) columns += static_cast<double>(sizes[1]);
  }
  return columns;
}

/// Per token: queries, keys, values and the normalised rows of both blocks; the slope of the activation; inputs.
double kept_columns(const Shape& shape) {
  return shape.recorded_layers() * (5 * shape.width + shape.inner) + kept_inputs(shape);
}

/// Per token of a micro-batch on its way back through one layer.
double passing_columns(const Shape& shape) { return 3 * shape.width + 2 * shape.inner; }

double activation_bytes(const Experiment& experiment, const Shape& shape, StepTokens tokens, TrialShape cut) {
  const double lane = tokens.largest / static_cast<double>(experiment.batch.lanes);
  const double at_once = cut.threads * std::min(lane, static_cast<double>(experiment.batch.tokens));
  if (!shape.trained()) return shape.element_bytes() * at_once * passing_columns(shape);
  const double kept = experiment.batch.activations == "keep" ? tokens.largest / cut.ranks : at_once;
  double bytes = shape.element_bytes() * (kept * kept_columns(shape) + at_once * passing_columns(shape));
  if (shape.first_layer < 0) bytes += 4 * kept * 2 * shape.width;  // rows of the table, and of its LayerNorm
  if (experiment.adversarial.active()) bytes += 4 * (tokens.largest / cut.ranks) * shape.width;  // perturbations
  return bytes;
}

/// What strategies carry from step to step beside their parameters.
double strategy_values(const Experiment& experiment, const Learner& learner) {
  double values = 0;
  for (StrategyTraining* training : learner.strategies.training(experiment.schedule.steps)) {
    for (const StrategyState& state : training->state()) values += static_cast<double>(state.values.size());
  }
  return values;
}

/// Rows that the layers see: a prompt stands in front of every text.
StepTokens rows_of(StepTokens tokens, const ParameterStore& parameters) {
  const double prompts = tokens.texts * static_cast<double>(prompt_length(parameters));
  return {tokens.mean + prompts, tokens.largest + prompts, tokens.texts};
}

/// Moments, what continual learning remembers, and gradient buffers with one more for the exchange.
double state_bytes(const Experiment& experiment, const Learner& learner, TrialShape cut) {
  const FlatLayout layout(learner.parameters);
  const auto lanes = static_cast<std::size_t>((experiment.batch.lanes + cut.ranks - 1) / cut.ranks);
  const double buffers =
      gradient_buffer_bound(lanes, cut.threads) + (cut.ranks > 1 ? 1 : 0) + (experiment.adversarial.steps > 1 ? 1 : 0);
  const auto tasks = static_cast<std::size_t>(std::max<std::int64_t>(2, experiment.continual.stream.tasks));
  const double copies = 2 + static_cast<double>(held_copies(experiment.continual, tasks));
  return 4.0 * (copies * static_cast<double>(layout.state_size()) + buffers * static_cast<double>(layout.dense_size()) +
                strategy_values(experiment, learner));
}

/// Rounded copies included, and without what training does not read.
double weight_bytes(const Shape& shape) {
  double bytes = 4.0 * static_cast<double>(shape.parameters.count());
  if (shape.parameters.precision() == Precision::fp32) return bytes;
  for (const LinearSite& site : shape.encoder.linear_sites()) {
    const ParameterInfo& info = shape.parameters.info(site.weight);
    const double elements = static_cast<double>(site.in) * static_cast<double>(site.out);
    bytes += info.trainable || info.exact ? 2 * elements : -2 * elements;
  }
  return bytes;
}

}  // namespace

double CostEstimate::total_bytes() const {
  return std::max(loading_bytes, weight_bytes + state_bytes + activation_bytes + program_bytes);
}

CostEstimate estimate_cost(const Experiment& experiment, const Learner& learner, StepTokens tokens, TrialShape cut) {
  const Shape shape(learner, experiment.adversarial);
  CostEstimate cost;
  cost.tokens = tokens;
  const double passes = !shape.trained() ? 2 : shape.weights_trained ? 6 : 4;
  const StepTokens rows = rows_of(tokens, learner.parameters);
  const auto repeats = static_cast<double>(std::max<std::int64_t>(experiment.adversarial.steps, 1));
  cost.flop = rows.mean * shape.weights * passes * repeats;
  cost.weight_bytes = weight_bytes(shape);
  cost.state_bytes = state_bytes(experiment, learner, cut);
  cost.activation_bytes = activation_bytes(experiment, shape, rows, cut);
  constexpr double program = 170e6, kept_tensor_memory = 134e6;  // measured; keep_tensor_memory()
  cost.program_bytes = program + kept_tensor_memory;
  cost.loading_bytes = program + 4.0 * static_cast<double>(shape.parameters.count());
  cost.core_flops = measure_core_flops(shape.encoder.width(), shape.parameters.precision());
  cost.product_seconds = cost.flop / (cost.core_flops * cut.cores());
  return cost;
}

}  // namespace coldframe
