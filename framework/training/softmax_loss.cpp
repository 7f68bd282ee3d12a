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
  double loss = 0;            // without the weight
  double scale_gradient = 0;  // with it
};

/// Turns a row of cosines into weight x d loss / d logit (in place) and returns the row's loss.
RowLoss softmax_row(float* cosines, const float* bias, const float* targets, std::int64_t n, double scale,
                    double weight, double q) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t j = 0; j < n; ++j) largest = std::max(largest, scale * cosines[j] + bias[j]);
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) sum += std::exp(scale * cosines[j] + bias[j] - largest);
  const double log_sum = largest + std::log(sum);
  const auto log_p = [&](std::int64_t j) { return scale * cosines[j] + bias[j] - log_sum; };
  double pull = q > 0 ? 0 : 1;  // sum_j t_j p_j^q
  for (std::int64_t j = 0; q > 0 && j < n; ++j) {
    if (targets[j] > 0) pull += targets[j] * std::exp(q * log_p(j));
  }
  RowLoss row;
  for (std::int64_t j = 0; j < n; ++j) {
    const double log = log_p(j);
    const double own = targets[j] > 0 && q > 0 ? targets[j] * std::exp(q * log) : targets[j];
    const double gradient = (std::exp(log) * pull - own) * weight;
    if (targets[j] > 0) row.loss += targets[j] * (q > 0 ? -std::expm1(q * log) / q : -log);
    row.scale_gradient += gradient * cosines[j];
    cosines[j] = static_cast<float>(gradient);
  }
  return row;
}

/// log softmax of scale cosines + bias; -infinity where the bias is.
std::vector<double> log_softmax(const float* cosines, const float* bias, std::int64_t n, double scale) {
  std::vector<double> logs(static_cast<std::size_t>(n));
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    logs[static_cast<std::size_t>(j)] = scale * cosines[j] + bias[j];
    largest = std::max(largest, logs[static_cast<std::size_t>(j)]);
  }
  for (const double logit : logs) sum += std::exp(logit - largest);
  for (double& logit : logs) logit -= largest + std::log(sum);
  return logs;
}

/// Turns two rows of cosines into weight x d loss / d logit (in place) and returns the row's loss.
RowLoss disagreement_row(float* first, float* second, const float* bias, std::int64_t n, double scale, double weight) {
  const std::vector<double> p = log_softmax(first, bias, n, scale), q = log_softmax(second, bias, n, scale);
  double forward = 0, backward = 0;  // KL(p || q), KL(q || p)
  for (std::size_t j = 0; j < p.size(); ++j) {
    if (std::isinf(p[j])) continue;
    forward += std::exp(p[j]) * (p[j] - q[j]);
    backward += std::exp(q[j]) * (q[j] - p[j]);
  }
  RowLoss row;
  row.loss = 0.5 * (forward + backward);
  for (std::size_t j = 0; j < p.size(); ++j) {
    double of_first = 0, of_second = 0;
    if (!std::isinf(p[j])) {
      const double gap = p[j] - q[j], difference = std::exp(p[j]) - std::exp(q[j]);
      of_first = 0.5 * weight * (std::exp(p[j]) * (gap - forward) + difference);
      of_second = 0.5 * weight * (std::exp(q[j]) * (-gap - backward) - difference);
    }
    row.scale_gradient += of_first * first[j] + of_second * second[j];
    first[j] = static_cast<float>(of_first);
    second[j] = static_cast<float>(of_second);
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
    const double weight = batch.weight(begin + static_cast<std::size_t>(i));
    const RowLoss row = softmax_row(scores.data_ptr<float>() + i * columns, block.bias.data_ptr<float>() + i * columns,
                                    block.targets.data_ptr<float>() + i * columns, columns, scale, weight, block.q);
    result.loss += weight * row.loss;
    result.losses.push_back(row.loss);
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

SoftmaxResult disagreement_block(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin,
                                 std::size_t end, double scale, const at::Tensor& bias) {
  SoftmaxResult result;
  result.embedding_gradient = at::zeros(embeddings.sizes(), embeddings.options());
  if (begin == end) return result;
  const at::Tensor first = at::index_select(embeddings, 0, row_index(batch.anchor_rows, begin, end));
  const at::Tensor second = at::index_select(embeddings, 0, row_index(batch.second_rows, begin, end));
  const at::Tensor candidates =
      at::index_select(embeddings, 0, row_index(batch.candidate_rows, 0, batch.candidate_rows.size()));
  at::Tensor first_scores = at::mm(first, candidates.t()), second_scores = at::mm(second, candidates.t());
  const std::int64_t columns = first_scores.size(1);
  for (std::int64_t i = 0; i < first_scores.size(0); ++i) {
    const double weight = batch.weight(begin + static_cast<std::size_t>(i));
    const RowLoss row =
        disagreement_row(first_scores.data_ptr<float>() + i * columns, second_scores.data_ptr<float>() + i * columns,
                         bias.data_ptr<float>() + i * columns, columns, scale, weight);
    result.loss += weight * row.loss;
    result.losses.push_back(row.loss);
    result.scale_gradient += row.scale_gradient;
  }
  first_scores.mul_(scale);
  second_scores.mul_(scale);
  add_rows(result.embedding_gradient, batch.anchor_rows, begin, at::mm(first_scores, candidates));
  add_rows(result.embedding_gradient, batch.second_rows, begin, at::mm(second_scores, candidates));
  add_rows(result.embedding_gradient, batch.candidate_rows, 0, at::mm(first_scores.t(), first));
  add_rows(result.embedding_gradient, batch.candidate_rows, 0, at::mm(second_scores.t(), second));
  return result;
}

void add(SoftmaxResult& sum, const SoftmaxResult& other, double own, double factor) {
  sum.loss = own * sum.loss + factor * other.loss;
  sum.scale_gradient = own * sum.scale_gradient + factor * other.scale_gradient;
  for (std::size_t i = 0; i < sum.losses.size(); ++i) sum.losses[i] = own * sum.losses[i] + factor * other.losses[i];
  auto* out = sum.embedding_gradient.data_ptr<float>();
  const auto* in = other.embedding_gradient.data_ptr<float>();
  for (std::int64_t i = 0; i < sum.embedding_gradient.numel(); ++i) {
    out[i] = static_cast<float>(own) * out[i] + static_cast<float>(factor) * in[i];
  }
}

SoftmaxResult block_of_views(const LossBatch& batch, const at::Tensor& embeddings, std::size_t begin, std::size_t end,
                             double scale, const SoftmaxBlock& block, double r_drop) {
  SoftmaxResult result = softmax_block(batch, embeddings, begin, end, scale, block);
  if (batch.second_rows.empty()) return result;
  LossBatch second = batch;
  second.anchor_rows = batch.second_rows;
  add(result, softmax_block(second, embeddings, begin, end, scale, block), 0.5, 0.5);
  add(result, disagreement_block(batch, embeddings, begin, end, scale, block.bias), 1.0, r_drop);
  return result;
}

}  // namespace coldframe
