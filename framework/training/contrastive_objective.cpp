#include "framework/training/contrastive_objective.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/training/softmax_loss.h"

namespace coldframe {

void ContrastiveOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "initial_scale", .doc = "1 / temperature at the start", .minimum = 0, .minimum_exclusive = true},
                initial_scale);
  visitor.visit({.name = "largest_scale", .doc = "upper bound of the trained 1 / temperature", .minimum = 0, .minimum_exclusive = true},
                largest_scale);
  visitor.visit({.name = "known_positives",
                 .doc = "candidates that the user is known to like (role T): left out of the row, or further targets",
                 .choices = {"mask", "share"}},
                known_positives);
  visitor.visit({.name = "inclusion_correction", .doc = "subtract the log probability that a candidate stands in the row"},
                inclusion_correction);
  visitor.visit({.name = "item_prior",
                 .doc = "weight of the log item prior (likes in role T) in the logits: texts then learn what popularity does not say; 0 = none",
                 .minimum = 0, .maximum = 100},
                item_prior);
  visitor.visit({.name = "r_drop",
                 .doc = "weight of the disagreement (mean of both KL divergences) between two dropout views of an anchor, 0 = one view",
                 .minimum = 0, .maximum = 100},
                r_drop);
  visitor.visit({.name = "robust_q",
                 .doc = "generalised cross-entropy (1 - p^q) / q against wrong likes: the larger q, the less an unlikely positive "
                        "pulls; 0 = cross-entropy",
                 .minimum = 0, .maximum = 1},
                robust_q);
}

std::vector<Problem> ContrastiveOptions::validate() const {
  if (initial_scale > largest_scale) return {{"initial_scale", "(must not exceed largest_scale) try 20"}};
  return {};
}

void ContrastiveObjective::attach(ParameterStore& parameters) {
  const auto initial = static_cast<float>(std::log(options_.initial_scale));
  parameters_ = {parameters.add({.name = "objective.log_scale", .trainable = true, .decay = false},
                                at::full({1}, initial))};
}

LossShare ContrastiveObjective::share(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin,
                                      std::size_t end, const ParameterStore& parameters) const {
  const auto rows = static_cast<std::int64_t>(end - begin);
  const auto columns = static_cast<std::int64_t>(batch.candidate_rows.size());
  SoftmaxBlock block{at::zeros({rows, columns}), at::zeros({rows, columns}), options_.robust_q};
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::size_t anchor = begin + static_cast<std::size_t>(i);
    float* bias = block.bias.data_ptr<float>() + i * columns;
    float* targets = block.targets.data_ptr<float>() + i * columns;
    if (options_.inclusion_correction && !batch.log_inclusion.empty()) {
      for (std::int64_t j = 0; j < columns; ++j) bias[j] = -batch.log_inclusion[static_cast<std::size_t>(j)];
    }
    bias[batch.positives[anchor]] = 0.0f;
    if (options_.item_prior > 0) {
      const auto weight = static_cast<float>(options_.item_prior);
      for (std::int64_t j = 0; j < columns; ++j) bias[j] += weight * batch.log_prior.at(static_cast<std::size_t>(j));
    }
    targets[batch.positives[anchor]] = 1.0f;
    const std::vector<std::size_t>& known = batch.known[anchor];
    if (options_.known_positives == "share") {
      const float share = 1.0f / static_cast<float>(known.size() + 1);
      targets[batch.positives[anchor]] = share;
      for (const std::size_t candidate : known) targets[candidate] = share;
    } else {
      for (const std::size_t candidate : known) bias[candidate] = -std::numeric_limits<float>::infinity();
    }
  }
  const double scale = score_rule(parameters).scale;
  SoftmaxResult result = block_of_views(batch, embeddings, begin, end, scale, block, options_.r_drop);
  return {result.loss, std::move(result.embedding_gradient), {result.scale_gradient * scale}, std::move(result.losses)};
}

ScoreRule ContrastiveObjective::score_rule(const ParameterStore& parameters) const {
  return {std::exp(static_cast<double>(parameters.value(parameters_[0]).data_ptr<float>()[0])), options_.item_prior};
}

void ContrastiveObjective::constrain(ParameterStore& parameters) const {
  float& log_scale = parameters.value(parameters_[0]).data_ptr<float>()[0];
  log_scale = std::min(log_scale, static_cast<float>(std::log(options_.largest_scale)));
}

}  // namespace coldframe
