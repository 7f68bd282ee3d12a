#pragma once

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "framework/core/philox.h"
#include "framework/training/objective.h"

namespace coldframe::testing {

/// Unit rows from keyed normals. [n, d]
inline at::Tensor unit_rows(std::int64_t n, std::int64_t d, std::uint64_t seed) {
  at::Tensor rows = at::empty({n, d}, at::kFloat);
  const KeyedRandom random(seed, Purpose::initialisation);
  for (std::int64_t i = 0; i < n; ++i) {
    double norm = 0;
    float* row = rows.data_ptr<float>() + i * d;
    for (std::int64_t k = 0; k < d; ++k) {
      const PhiloxBlock words =
          random.block(UserKey(static_cast<std::uint64_t>(i)), 0, 0, static_cast<std::uint32_t>(k));
      row[k] = static_cast<float>(standard_normals(words[0], words[1])[0]);
      norm += row[k] * row[k];
    }
    for (std::int64_t k = 0; k < d; ++k) row[k] /= static_cast<float>(std::sqrt(norm));
  }
  return rows;
}

inline double cosine(const at::Tensor& rows, std::size_t a, std::size_t b) {
  const std::int64_t d = rows.size(1);
  const float* data = rows.data_ptr<float>();
  double sum = 0;
  for (std::int64_t k = 0; k < d; ++k)
    sum += double{data[static_cast<std::int64_t>(a) * d + k]} * data[static_cast<std::int64_t>(b) * d + k];
  return sum;
}

/// Three anchors (rows 0..2), four candidates (rows 3..6); anchor 1 also likes candidate 3; anchors 0 and 2 share a
/// text.
inline LossBatch small_batch() {
  LossBatch batch;
  batch.anchor_rows = {0, 1, 0};
  batch.candidate_rows = {3, 4, 5, 6};
  batch.candidate_items = {ItemId(0), ItemId(1), ItemId(2), ItemId(3)};
  batch.positives = {0, 1, 2};
  batch.known = {{}, {3}, {}};
  batch.log_inclusion = {-0.1f, -0.7f, -1.2f, -0.4f};
  return batch;
}

struct Whole {
  double loss = 0;
  std::vector<double> embedding_gradient;
  double parameter_gradient = 0;
  std::vector<double> losses;  // by anchor
};

inline Whole all_blocks(const Objective& objective, const LossBatch& batch, const at::Tensor& embeddings,
                        const ParameterStore& store, std::size_t blocks) {
  Whole whole;
  whole.embedding_gradient.assign(static_cast<std::size_t>(embeddings.numel()), 0.0);
  const std::size_t anchors = batch.anchor_rows.size();
  for (std::size_t b = 0; b < blocks; ++b) {
    const LossShare share = objective.share(batch, embeddings, b * anchors / blocks, (b + 1) * anchors / blocks, store);
    whole.loss += share.loss;
    whole.losses.insert(whole.losses.end(), share.losses.begin(), share.losses.end());
    for (std::size_t i = 0; i < whole.embedding_gradient.size(); ++i) {
      whole.embedding_gradient[i] += share.embedding_gradient.data_ptr<float>()[i];
    }
    if (!share.parameter_gradient.empty()) whole.parameter_gradient += share.parameter_gradient[0];
  }
  return whole;
}

/// Gradients of all_blocks against central differences of `loss`, element by element and for the loss's own parameter.
template <class Loss>
void expect_gradients(const Whole& whole, const at::Tensor& rows, ParameterStore& store, double tolerance, Loss loss) {
  const auto slope = [&](float& x) {
    const float kept = x;
    x = kept + 1e-3f;
    const double above = loss();
    x = kept - 1e-3f;
    const double below = loss();
    x = kept;
    return (above - below) / 2e-3;
  };
  for (std::size_t i = 0; i < whole.embedding_gradient.size(); ++i) {
    EXPECT_NEAR(whole.embedding_gradient[i], slope(rows.data_ptr<float>()[i]), tolerance) << i;
  }
  EXPECT_NEAR(whole.parameter_gradient, slope(store.value(0).data_ptr<float>()[0]), tolerance);
}

}  // namespace coldframe::testing
