#include "framework/cli/cost_estimate.h"

#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "framework/training/flat_layout.h"

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

double layer_weights(const Encoder& encoder) {
  double weights = 0;
  for (const LinearSite& site : encoder.linear_sites()) weights += static_cast<double>(site.in) * static_cast<double>(site.out);
  return weights;
}

bool any_layer_weight_trained(const Learner& learner) {
  for (const LinearSite& site : learner.encoder->linear_sites()) {
    if (learner.parameters.info(site.weight).trainable) return true;
  }
  return false;
}

}  // namespace

CostEstimate estimate_cost(const Experiment& experiment, const Learner& learner, double tokens, TrialShape shape) {
  const Encoder& encoder = *learner.encoder;
  const FlatLayout layout(learner.parameters);
  const double ranks = shape.ranks;
  CostEstimate cost;
  cost.tokens = tokens;
  const bool trained = learner.trainable_parameters > 0;
  const double passes = !trained ? 2 : any_layer_weight_trained(learner) ? 6 : 4;
  cost.flop = cost.tokens * layer_weights(encoder) * passes;
  const Precision precision = learner.parameters.precision();
  cost.weight_bytes = 4.0 * static_cast<double>(learner.parameters.count());
  if (precision == Precision::bf16) cost.weight_bytes += 2.0 * layer_weights(encoder);  // rounded copies
  const double lanes = std::ceil(static_cast<double>(experiment.batch.lanes) / ranks);
  const double buffers = std::log2(lanes) + 2;  // live sums and the scratch of the exchange
  cost.state_bytes = 4.0 * (2 * static_cast<double>(layout.state_size()) + buffers * static_cast<double>(layout.dense_size()));
  // Per token and layer: inputs of the products, queries, keys and values, normalised rows: 8 rows of the width; output and
  // slope of the activation: 2 of the inner width.
  const double width = static_cast<double>(encoder.width());
  double inner = 0;
  for (const LinearSite& site : encoder.linear_sites()) inner = std::max(inner, static_cast<double>(std::max(site.in, site.out)));
  const double kept_tokens = experiment.batch.activations == "keep" ? cost.tokens / ranks : static_cast<double>(experiment.batch.tokens);
  cost.activation_bytes = trained ? (precision == Precision::bf16 ? 2.0 : 4.0) * kept_tokens * static_cast<double>(encoder.layers()) * (8 * width + 2 * inner) : 0.0;
  constexpr double program = 170e6, kept_tensor_memory = 134e6;  // measured; keep_tensor_memory()
  cost.program_bytes = program + kept_tensor_memory;
  cost.core_flops = measure_core_flops(encoder.width(), precision);
  cost.product_seconds = cost.flop / (cost.core_flops * shape.cores());
  return cost;
}

}  // namespace coldframe
