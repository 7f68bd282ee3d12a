#include "framework/training/mnrl_objective.h"

#include <ATen/ops/index_select.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "framework/model/packed_pooling.h"
#include "tests/model/golden.h"

namespace coldframe {
namespace {

struct Found {
  double loss = 0;
  at::Tensor gradient;  // [U, D] at the embeddings before they are scaled to length 1
};

/// Candidates in the order of sentence-transformers: every pair's positive, then the explicit negatives column by
/// column.
LossBatch batch_of(const nlohmann::json& golden) {
  LossBatch batch;
  batch.anchor_rows = golden["anchors"].get<std::vector<std::size_t>>();
  for (const nlohmann::json& column : golden["columns"]) {
    for (const nlohmann::json& row : column) {
      batch.candidate_rows.push_back(row);
      batch.candidate_items.push_back(ItemId(row.get<std::uint32_t>()));
    }
  }
  for (std::size_t i = 0; i < batch.anchor_rows.size(); ++i) batch.positives.push_back(i);
  batch.known.resize(batch.anchor_rows.size());
  return batch;
}

Found found_in(const nlohmann::json& golden, std::size_t blocks) {
  const LossBatch batch = batch_of(golden);
  const at::Tensor values =
      test::golden_uniform("loss." + golden["name"].get<std::string>(), {golden["rows"], golden["width"]});
  values.requires_grad_();
  const at::Tensor rows = normalize_rows(values);
  const MnrlObjective objective{MnrlOptions{}};
  at::Tensor gradient;
  Found found;
  const std::size_t anchors = batch.anchor_rows.size();
  for (std::size_t b = 0; b < blocks; ++b) {
    const LossShare share =
        objective.share(batch, rows.detach(), b * anchors / blocks, (b + 1) * anchors / blocks, ParameterStore());
    found.loss += share.loss;
    gradient = gradient.defined() ? gradient + share.embedding_gradient : share.embedding_gradient;
  }
  found.gradient = torch::autograd::grad({rows}, {values}, {gradient})[0];
  return found;
}

class MnrlGoldenTest : public ::testing::TestWithParam<std::size_t> {};

/// A cosine in float32 is off by a few units of 2^-24, and the loss multiplies it by 20: 5e-6. A gradient is a sum of
/// rows of length 1 with weights 20 (p - y) / B, whose p are off by as much in relative terms: 2e-5 of the row's
/// largest projection scale, 20 / B. Our errors may be at most twice those of sentence-transformers in single
/// precision.
TEST_P(MnrlGoldenTest, values_and_gradients_are_those_of_sentence_transformers) {
  const nlohmann::json goldens = test::read_golden("training.json");
  ASSERT_EQ(goldens["mnrl"].size(), 6u);
  for (const nlohmann::json& golden : goldens["mnrl"]) {
    SCOPED_TRACE(golden["name"].get<std::string>());
    const Found found = found_in(golden, GetParam());
    EXPECT_NEAR(found.loss, golden["loss"].get<double>(), 5e-6);
    const double tolerance = 2e-5 * 20 / static_cast<double>(golden["anchors"].size());
    double ours = 0, theirs = 0;
    for (std::int64_t row = 0; row < found.gradient.size(0); ++row) {
      const auto at = static_cast<std::size_t>(row);
      for (int k = 0; k < 4; ++k) {
        const double exact = golden["gradients"][at][static_cast<std::size_t>(k)];
        const double single = golden["single_gradients"][at][static_cast<std::size_t>(k)];
        const double projection = test::project("gradient." + std::to_string(row), k, found.gradient[row]);
        EXPECT_NEAR(projection, exact, tolerance) << "row " << row << ", projection " << k;
        ours += (projection - exact) * (projection - exact);
        theirs += (single - exact) * (single - exact);
      }
    }
    EXPECT_LE(std::sqrt(ours), 2 * std::sqrt(theirs) + 1e-12);
  }
}

INSTANTIATE_TEST_SUITE_P(Blocks, MnrlGoldenTest, ::testing::Values(1, 4));

}  // namespace
}  // namespace coldframe
