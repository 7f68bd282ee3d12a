#include "framework/training/similarity_targets.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "framework/core/error.h"
#include "framework/training/gathered_rows.h"

namespace coldframe {
namespace {

/// log softmax(z / T). [m]
std::vector<double> log_softmax(std::span<const float> row, double scale, double temperature) {
  std::vector<double> logs(row.size());
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < row.size(); ++j) {
    logs[j] = scale * static_cast<double>(row[j]) / temperature;
    largest = std::max(largest, logs[j]);
  }
  double sum = 0;
  for (const double value : logs) sum += std::exp(value - largest);
  for (double& value : logs) value -= largest + std::log(sum);
  return logs;
}

/// Turns a row of cosines into d loss / d z and returns the row's loss.
double squared_row(std::span<float> cosines, std::span<const float> targets, double scale, double weight) {
  double loss = 0;
  for (std::size_t j = 0; j < cosines.size(); ++j) {
    const double off = scale * static_cast<double>(cosines[j]) - static_cast<double>(targets[j]);
    loss += weight * off * off;
    cosines[j] = static_cast<float>(2 * weight * off);
  }
  return loss;
}

double divergence_row(std::span<float> cosines, std::span<const float> targets, double scale, double temperature,
                      double weight) {
  const std::vector<double> mine = log_softmax(cosines, scale, temperature);
  const std::vector<double> theirs = log_softmax(targets, 1.0, temperature);
  double loss = 0;
  for (std::size_t j = 0; j < cosines.size(); ++j) {
    const double p = std::exp(theirs[j]);
    loss += weight * p * (theirs[j] - mine[j]);
    cosines[j] = static_cast<float>(weight / temperature * (std::exp(mine[j]) - p));
  }
  return loss;
}

at::Tensor gathered(const at::Tensor& embeddings, const std::vector<std::size_t>& rows, std::size_t begin,
                    std::size_t end) {
  return at::index_select(embeddings, 0, row_index(rows, begin, end));
}

}  // namespace

std::vector<float> similarity_rows(const at::Tensor& embeddings, const std::vector<std::size_t>& anchors,
                                   const std::vector<std::size_t>& columns, double scale) {
  const at::Tensor cosines =
      at::mm(gathered(embeddings, anchors, 0, anchors.size()), gathered(embeddings, columns, 0, columns.size()).t());
  std::vector<float> rows(cosines.const_data_ptr<float>(), cosines.const_data_ptr<float>() + cosines.numel());
  for (float& value : rows) value = static_cast<float>(scale * static_cast<double>(value));
  return rows;
}

double add_similarity_share(const SimilarityTargets& targets, const at::Tensor& embeddings, std::size_t begin,
                            std::size_t end, double scale, at::Tensor& gradient) {
  if (begin == end || targets.columns.empty()) return 0;
  const std::size_t columns = targets.columns.size();
  const at::Tensor users = gathered(embeddings, targets.anchors, begin, end);
  const at::Tensor items = gathered(embeddings, targets.columns, 0, columns);
  at::Tensor scores = at::mm(users, items.t());  // [n, m] cosines, then d loss / d z
  const bool squared = targets.distance == SimilarityTargets::Distance::squared;
  const double weight = targets.weight / static_cast<double>(targets.anchors.size() * (squared ? columns : 1));
  double loss = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::span row(scores.data_ptr<float>() + (i - begin) * columns, columns);
    const std::span wanted = std::span(targets.rows).subspan(i * columns, columns);
    loss += squared ? squared_row(row, wanted, scale, weight)
                    : divergence_row(row, wanted, scale, targets.temperature, weight);
  }
  if (!std::isfinite(loss)) {
    throw NumericError("the distance to earlier similarity rows is not finite", "an embedding is not",
                       "lower optimizer.learning_rate or continual.row_weight");
  }
  scores.mul_(scale);
  add_rows(gradient, targets.anchors, begin, at::mm(scores, items));
  add_rows(gradient, targets.columns, 0, at::mm(scores.t(), users));
  return loss;
}

}  // namespace coldframe
