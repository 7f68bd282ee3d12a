#include "framework/model/initial_values.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <gtest/gtest.h>

#include "tests/model/encoder_fixture.h"

namespace coldframe {
namespace {

TEST(InitialValuesTest, truncated_normals_have_the_moments_of_the_law_cut_at_two_deviations) {
  constexpr std::int64_t count = 40'000;
  const at::Tensor values = truncated_normal_values({count}, 0.5, 3, "weight");
  EXPECT_LE(values.abs().max().item<float>(), 1.0f);
  EXPECT_GT(values.abs().max().item<float>(), 0.99f);
  // Variance 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.774 of the uncut one; standard error of the mean 0.44 / 200.
  EXPECT_NEAR(values.mean().item<double>(), 0, 5 * 0.0022);
  EXPECT_NEAR(values.square().mean().item<double>(), 0.774 * 0.25, 0.005);
}

TEST(InitialValuesTest, only_values_beyond_the_cut_are_drawn_again) {
  const at::Tensor cut = truncated_normal_values({400}, 1, 3, "weight"), whole = normal_values({400}, 1, 3, "weight");
  int changed = 0;
  for (std::int64_t i = 0; i < 400; ++i) {
    const bool beyond = std::abs(whole[i].item<double>()) > 2;
    EXPECT_EQ(cut[i].item<float>() != whole[i].item<float>(), beyond) << i;
    changed += beyond ? 1 : 0;
  }
  EXPECT_GT(changed, 5);
}

TEST(InitialValuesTest, a_value_depends_on_its_place_alone) {
  const at::Tensor few = truncated_normal_values({10}, 1, 3, "weight"),
                   many = truncated_normal_values({50}, 1, 3, "weight");
  EXPECT_TRUE(test::same_bits(few, many.narrow(0, 0, 10)));
  EXPECT_FALSE(test::same_bits(few, truncated_normal_values({10}, 1, 4, "weight")));
}

}  // namespace
}  // namespace coldframe
