#include "framework/training/mnrl_objective.h"

#include <ATen/ops/zeros.h>

#include "framework/training/softmax_loss.h"

namespace coldframe {

void MnrlOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "scale", .doc = "factor on the cosine", .minimum = 0, .minimum_exclusive = true}, scale);
  visitor.visit({.name = "r_drop",
                 .doc = "weight of the disagreement (mean of both KL divergences) between two dropout views of an "
                        "anchor, 0 = one view",
                 .minimum = 0,
                 .maximum = 100},
                r_drop);
}

LossShare MnrlObjective::share(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                               const ParameterStore&) const {
  const auto rows = static_cast<std::int64_t>(end - begin);
  const auto columns = static_cast<std::int64_t>(batch.candidate_rows.size());
  const SoftmaxBlock block{at::zeros({rows, columns}), at::zeros({rows, columns})};
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::size_t positive = batch.positives[begin + static_cast<std::size_t>(i)];
    block.targets.data_ptr<float>()[i * columns + static_cast<std::int64_t>(positive)] = 1.0f;
  }
  SoftmaxResult result = block_of_views(batch, embeddings, begin, end, options_.scale, block, options_.r_drop);
  return {result.loss, std::move(result.embedding_gradient), {}, std::move(result.losses)};
}

}  // namespace coldframe
