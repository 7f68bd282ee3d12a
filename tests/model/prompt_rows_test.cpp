#include "framework/model/prompt_rows.h"

#include <ATen/ops/cat.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "framework/model/packed_pooling.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_check.h"

namespace coldframe {
namespace {

using test::golden_uniform;
using test::pack;
using test::same_bits;

std::shared_ptr<const PackedLayout> layout() {
  return std::make_shared<const PackedLayout>(pack({{1}, {2, 3, 4}}), RowPlan{.first_position = 2, .prompt = 2});
}

TEST(PromptRowsTest, stand_in_front_of_every_text_with_positions_of_their_own) {
  const at::Tensor prompt = golden_uniform("prompt", {2, 3}), rows = golden_uniform("rows", {4, 3});
  const at::Tensor expected = at::cat({prompt, rows.narrow(0, 0, 1), prompt, rows.narrow(0, 1, 3)});
  EXPECT_TRUE(same_bits(with_prompt(prompt, rows, layout()), expected));
  const std::vector<std::int64_t> positions = {2, 3, 4, 2, 3, 4, 5, 6};
  ASSERT_EQ(layout()->positions.numel(), 8);
  for (std::int64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(layout()->positions[i].item<std::int64_t>(), positions[static_cast<std::size_t>(i)]);
  }
  EXPECT_EQ(layout()->row_offsets, (std::vector<std::int64_t>{0, 3, 8}));
  EXPECT_EQ(layout()->longest, 5);
}

TEST(PromptRowsTest, gradients_match_finite_differences) {
  const at::Tensor prompt = golden_uniform("prompt", {2, 3}), rows = golden_uniform("rows", {4, 3});
  test::expect_gradient([&](const at::Tensor& x) { return with_prompt(x, rows, layout()); }, prompt);
  test::expect_gradient([&](const at::Tensor& x) { return with_prompt(prompt, x, layout()); }, rows);
}

TEST(PromptRowsTest, are_not_pooled_over) {
  const at::Tensor rows = golden_uniform("rows", {8, 3});
  const at::Tensor mean = mean_pool(rows, layout()), cls = cls_pool(rows, layout());
  EXPECT_TRUE(same_bits(mean[0], rows[2]));
  EXPECT_LT((mean[1] - rows.narrow(0, 5, 3).mean(0)).abs().max().item<double>(), 1e-6);
  EXPECT_TRUE(same_bits(cls[0], rows[2]));
  EXPECT_TRUE(same_bits(cls[1], rows[5]));
  test::expect_gradient([&](const at::Tensor& x) { return mean_pool(x, layout()); }, rows);
  test::expect_gradient([&](const at::Tensor& x) { return cls_pool(x, layout()); }, rows);
}

}  // namespace
}  // namespace coldframe
