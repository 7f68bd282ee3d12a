#include "framework/training/similarity_targets.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

using Distance = SimilarityTargets::Distance;

at::Tensor rows_of(std::int64_t count, std::int64_t width, std::uint32_t seed) {
  at::Tensor rows = at::empty({count, width}, at::kFloat);
  for (std::int64_t i = 0; i < rows.numel(); ++i) {
    const PhiloxBlock words = philox4x32({static_cast<std::uint32_t>(i), seed, 0, 0}, {3, 3});
    rows.data_ptr<float>()[i] = static_cast<float>(0.5 * standard_normals(words[0], words[1])[0]);
  }
  return rows;
}

/// Users in rows 0 and 2 (one twice), items in rows 1, 3, 4; the item in row 3 is also a user.
SimilarityTargets small(Distance distance) {
  SimilarityTargets targets{.distance = distance,
                            .anchors = {0, 2, 0, 3},
                            .columns = {1, 3, 4},
                            .rows = {},
                            .weight = 0.7,
                            .temperature = 2.0};
  for (std::size_t i = 0; i < 12; ++i)
    targets.rows.push_back(static_cast<float>(std::sin(1.7 * static_cast<double>(i)) * 2));
  return targets;
}

double loss_of(const SimilarityTargets& targets, const at::Tensor& embeddings, double scale) {
  at::Tensor unused = at::zeros(embeddings.sizes());
  return add_similarity_share(targets, embeddings, 0, targets.anchors.size(), scale, unused);
}

// u = (1, 0), v = (1, 0) and (0, 1), scale 2: z = (2, 0); z* = (1, 1).
TEST(SimilarityTargetsTest, distances_by_hand) {
  at::Tensor embeddings = at::zeros({3, 2});
  embeddings.data_ptr<float>()[0] = embeddings.data_ptr<float>()[2] = embeddings.data_ptr<float>()[5] = 1;
  SimilarityTargets targets{.anchors = {0}, .columns = {1, 2}, .rows = {1, 1}};
  EXPECT_NEAR(loss_of(targets, embeddings, 2), (1.0 + 1.0) / 2, 1e-6);
  // softmax(z / 2) = (e, 1) / (e + 1), softmax(z* / 2) = (1/2, 1/2): KL = -log 2 - (log p_1 + log p_2) / 2.
  targets.distance = Distance::divergence;
  targets.temperature = 2;
  const double sum = std::exp(1.0) + 1;
  EXPECT_NEAR(loss_of(targets, embeddings, 2), -std::log(2.0) - (1 - 2 * std::log(sum)) / 2, 1e-6);
}

TEST(SimilarityTargetsTest, gradients_are_those_of_finite_differences) {
  for (const Distance distance : {Distance::squared, Distance::divergence}) {
    const SimilarityTargets targets = small(distance);
    const double scale = 5;
    at::Tensor embeddings = rows_of(5, 4, 1), gradient = at::zeros({5, 4});
    add_similarity_share(targets, embeddings, 0, 4, scale, gradient);
    for (std::int64_t i = 0; i < embeddings.numel(); ++i) {
      float& value = embeddings.data_ptr<float>()[i];
      const float before = value, by = 1e-2f;
      value = before + by;
      const double above = loss_of(targets, embeddings, scale);
      value = before - by;
      const double below = loss_of(targets, embeddings, scale);
      value = before;
      EXPECT_NEAR(gradient.data_ptr<float>()[i], (above - below) / (2 * by), 2e-3) << "element " << i;
    }
  }
}

TEST(SimilarityTargetsTest, blocks_of_anchors_add_up) {
  for (const Distance distance : {Distance::squared, Distance::divergence}) {
    const SimilarityTargets targets = small(distance);
    const at::Tensor embeddings = rows_of(5, 4, 2);
    at::Tensor whole = at::zeros({5, 4}), blocks = at::zeros({5, 4});
    const double loss = add_similarity_share(targets, embeddings, 0, 4, 3, whole);
    double sum = 0;
    for (std::size_t block = 0; block < 3; ++block) {
      sum += add_similarity_share(targets, embeddings, block * 4 / 3, (block + 1) * 4 / 3, 3, blocks);
    }
    EXPECT_NEAR(loss, sum, 1e-9);
    EXPECT_LT((whole - blocks).abs().max().item<float>(), 1e-6);
  }
}

TEST(SimilarityTargetsTest, rows_that_have_not_changed_cost_nothing) {
  for (const Distance distance : {Distance::squared, Distance::divergence}) {
    SimilarityTargets targets = small(distance);
    const at::Tensor embeddings = rows_of(5, 4, 3);
    targets.rows = similarity_rows(embeddings, targets.anchors, targets.columns, 5);
    at::Tensor gradient = at::zeros({5, 4});
    EXPECT_NEAR(add_similarity_share(targets, embeddings, 0, 4, 5, gradient), 0, 1e-10);
    EXPECT_LT(gradient.abs().max().item<float>(), 1e-5);
  }
}

TEST(SimilarityTargetsTest, rows_that_are_no_numbers_are_an_error) {
  SimilarityTargets targets = small(Distance::squared);
  targets.rows[4] = std::nanf("");
  EXPECT_THROW(loss_of(targets, rows_of(5, 4, 4), 5), NumericError);
}

}  // namespace
}  // namespace coldframe
