#include "framework/evaluation/linear_scorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

double length_of(std::span<const float> vector) {
  double squares = 0.0;
  for (const float x : vector) squares += static_cast<double>(x) * x;
  return std::sqrt(squares);
}

}  // namespace

LinearScorer::LinearScorer(std::span<const float> vectors, std::size_t width, Similarity similarity,
                           std::vector<double> offsets)
    : vectors_(vectors), width_(width), offsets_(std::move(offsets)) {
  if (width == 0 || vectors.size() % width != 0) {
    throw DataError(fmt::format("{} numbers are no table of vectors of width {}", vectors.size(), width));
  }
  const std::size_t items = vectors.size() / width;
  if (!offsets_.empty() && offsets_.size() != items) {
    throw DataError(fmt::format("{} offsets for {} items", offsets_.size(), items), "every item needs one");
  }
  for (std::size_t i = 0; i < items; ++i) {
    const double length = length_of(vectors.subspan(i * width, width));
    if (!std::isfinite(length) || (!offsets_.empty() && !std::isfinite(offsets_[i]))) {
      throw NumericError(fmt::format("vector or offset of item {} is not finite", i));
    }
    if (similarity == Similarity::cosine && length == 0.0) {
      throw DataError(fmt::format("vector of item {} has length 0", i), "it has no cosine");
    }
    scales_.push_back(similarity == Similarity::cosine ? 1.0 / length : 1.0);
    norms_.push_back(similarity == Similarity::cosine ? 1.0 : length);
  }
}

double LinearScorer::coordinate(ItemId item, std::size_t d) const {
  return scales_[item.value()] * static_cast<double>(vectors_[item.value() * width_ + d]);
}

double LinearScorer::score(std::span<const double> query, ItemId item) const {
  CF_EXPECTS(query.size() == width_);
  const float* vector = vectors_.data() + item.value() * width_;
  double sum = 0.0;
  for (std::size_t d = 0; d < width_; ++d) sum += query[d] * static_cast<double>(vector[d]);
  return scales_[item.value()] * sum + (offsets_.empty() ? 0.0 : offsets_[item.value()]);
}

std::vector<double> LinearScorer::scores(std::span<const double> query) const {
  std::vector<double> scores(items());
  for (std::uint32_t i = 0; i < scores.size(); ++i) scores[i] = score(query, ItemId(i));
  return scores;
}

std::vector<double> LinearScorer::difference(ItemId a, ItemId b) const {
  std::vector<double> difference(width_);
  for (std::size_t d = 0; d < width_; ++d) difference[d] = coordinate(a, d) - coordinate(b, d);
  return difference;
}

double LinearScorer::distance(ItemId a, ItemId b) const {
  double squares = 0.0;
  for (std::size_t d = 0; d < width_; ++d) {
    const double difference = coordinate(a, d) - coordinate(b, d);
    squares += difference * difference;
  }
  return std::sqrt(squares);
}

std::vector<double> unit(std::span<const float> vector) {
  const double length = length_of(vector);
  if (!(length > 0.0)) throw DataError("a query of length 0", "it has no direction");
  std::vector<double> out(vector.begin(), vector.end());
  for (double& x : out) x /= length;
  return out;
}

double euclidean_distance(std::span<const double> a, std::span<const double> b) {
  CF_EXPECTS(a.size() == b.size());
  double squares = 0.0;
  for (std::size_t d = 0; d < a.size(); ++d) squares += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(squares);
}

std::vector<ItemId> candidates_by_score(std::span<const double> scores, std::span<const ItemId> masked, std::size_t k) {
  std::vector<bool> hidden(scores.size(), false);
  for (const ItemId item : masked) hidden[item.value()] = true;
  std::vector<ItemId> candidates;
  for (std::uint32_t i = 0; i < scores.size(); ++i) {
    if (!hidden[i]) candidates.emplace_back(i);
  }
  const auto better = [&](ItemId a, ItemId b) {
    const double left = scores[a.value()], right = scores[b.value()];
    return left != right ? left > right : a < b;
  };
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(std::min(k, candidates.size()));
  std::partial_sort(candidates.begin(), end, candidates.end(), better);
  return candidates;
}

}  // namespace coldframe
