#include "framework/model/packed_pooling.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_check.h"

namespace coldframe {
namespace {

using test::golden_uniform;
using test::pack;

std::shared_ptr<const PackedLayout> two_texts() { return std::make_shared<const PackedLayout>(pack({{1}, {2, 3}})); }

TEST(PackedPoolingTest, mean_and_cls_of_two_texts_by_hand) {
  float values[] = {1, 2, 3, 4, 7, 8};  // text 0: (1, 2); text 1: (3, 4), (7, 8)
  const at::Tensor x = at::from_blob(values, {3, 2}, at::kFloat);
  const at::Tensor mean = mean_pool(x, two_texts());
  EXPECT_EQ(mean[0][0].item<float>(), 1);
  EXPECT_EQ(mean[0][1].item<float>(), 2);
  EXPECT_EQ(mean[1][0].item<float>(), 5);
  EXPECT_EQ(mean[1][1].item<float>(), 6);
  const at::Tensor cls = cls_pool(x, two_texts());
  EXPECT_EQ(cls[1][0].item<float>(), 3);
  EXPECT_EQ(cls[1][1].item<float>(), 4);
}

TEST(PackedPoolingTest, normalized_rows_have_length_one_and_a_zero_row_stays_zero) {
  float values[] = {3, 4, 0, 0};
  const at::Tensor unit = normalize_rows(at::from_blob(values, {2, 2}, at::kFloat));
  EXPECT_FLOAT_EQ(unit[0][0].item<float>(), 0.6f);
  EXPECT_FLOAT_EQ(unit[0][1].item<float>(), 0.8f);
  EXPECT_EQ(unit[1][0].item<float>(), 0);
}

TEST(PackedPoolingTest, gradients_match_finite_differences) {
  const auto layout = std::make_shared<const PackedLayout>(pack({{1}, {2, 3, 4}, {5, 6, 7}}));
  const at::Tensor x = golden_uniform("pooling", {7, 6});
  test::expect_gradient([&](const at::Tensor& in) { return mean_pool(in, layout); }, x);
  test::expect_gradient([&](const at::Tensor& in) { return cls_pool(in, layout); }, x);
  test::expect_gradient([&](const at::Tensor& in) { return normalize_rows(in); }, x);
}

}  // namespace
}  // namespace coldframe
