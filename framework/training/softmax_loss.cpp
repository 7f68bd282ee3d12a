#include "framework/training/softmax_loss.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/training/gathered_rows.h"

namespace coldframe {
namespace {

struct RowLoss {
  double loss = 0;
  double scale_gradient = 0;
};

/// Turns a row of cosines into d loss / d logit (in place) and returns the row's loss.
RowLoss softmax_row(float* cosines, const float* bias, const float* targets, std::int64_t n, double scale, double weight) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t j = 0; j < n; ++j) largest = std::max(largest, scale * cosines[j] + bias[j]);
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) sum += std::exp(scale * cosines[j] + bias[j] - largest);
  const double log_sum = largest + std::log(sum);
  RowLoss row;
  for (std::int64_t j = 0; j < n; ++j) {
    const double logit = scale * cosines[j] + bias[j];
    const double gradient = (std::exp(logit - log_sum) - targets[j]) * weight;
    if (targets[j] > 0) row.loss += targets[j] * (log_sum - logit) * weight;
    row.scale_gradient += gradient * cosines[j];
    cosines[j] = static_cast<float>(gradient);
  }
  return row;
}

}  // namespace

SoftmaxResult softmax_block(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                            double scale, const SoftmaxBlock& block) {
  SoftmaxResult result;
  result.embedding_gradient = at::zeros(embeddings.sizes(), embeddings.options());
  if (begin == end) return result;
  const at::Tensor anchors = at::index_select(embeddings, 0, row_index(batch.anchor_rows, begin, end));
  const at::Tensor candidates =
      at::index_select(embeddings, 0, row_index(batch.candidate_rows, 0, batch.candidate_rows.size()));
  at::Tensor scores = at::mm(anchors, candidates.t());  // [b, C] cosines, then d loss / d logit
  const std::int64_t columns = scores.size(1);
  for (std::int64_t i = 0; i < scores.size(0); ++i) {
    const RowLoss row = softmax_row(scores.data_ptr<float>() + i * columns, block.bias.data_ptr<float>() + i * columns,
                                    block.targets.data_ptr<float>() + i * columns, columns, scale,
                                    batch.weight(begin + static_cast<std::size_t>(i)));
    result.loss += row.loss;
    result.scale_gradient += row.scale_gradient;
  }
  if (!std::isfinite(result.loss)) {
    throw NumericError(fmt::format("the loss of anchors {} to {} is {}", begin, end, result.loss),
                       "an embedding or the temperature is not finite", "lower optimizer.learning_rate");
  }
  scores.mul_(scale);
  add_rows(result.embedding_gradient, batch.anchor_rows, begin, at::mm(scores, candidates));
  add_rows(result.embedding_gradient, batch.candidate_rows, 0, at::mm(scores.t(), anchors));
  return result;
}

}  // namespace coldframe
