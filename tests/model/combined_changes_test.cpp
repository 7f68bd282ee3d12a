#include "framework/model/combined_changes.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/model/golden.h"

namespace coldframe {
namespace {

std::vector<float> values_of(const at::Tensor& tensor) {
  const float* data = tensor.const_data_ptr<float>();
  return {data, data + tensor.numel()};
}

at::Tensor row(std::initializer_list<double> values) { return at::tensor(std::vector<double>(values)).to(at::kFloat); }

MergeRule rule(MergeMethod method, std::vector<double> weights, double density = 0.5) {
  return {.method = method, .weights = std::move(weights), .density = density};
}

TEST(CombinedChangesTest, linear_is_the_weighted_sum) {
  const at::Tensor sum =
      combined_change({row({1, -2, 0.5}), row({4, 8, 0})}, rule(MergeMethod::linear, {0.5, -0.25}), "w");
  EXPECT_THAT(values_of(sum), testing::ElementsAre(-0.5f, -3.0f, 0.25f));
}

TEST(CombinedChangesTest, ties_trims_elects_a_sign_and_averages_those_who_have_it) {
  // Three of six stay: a keeps 5 -4 3, b keeps -6 4 -2 (of the three 2s the first), and the sums of what is kept are
  // -1, 0, 3, -2, 0, 0.
  const at::Tensor a = row({5, -4, 3, 1, 0.5, 0}), b = row({-6, 4, 0, -2, 2, -2});
  const at::Tensor merged = combined_change({a, b}, rule(MergeMethod::ties, {2, 0.5}), "w");
  // -: b alone, .5 * -6. 0 elects +: b alone, .5 * 4. +: a alone, 2 * 3. -: b alone, .5 * -2.
  EXPECT_THAT(values_of(merged), testing::ElementsAre(-3.0f, 2.0f, 6.0f, -1.0f, 0.0f, 0.0f));
  // Two of one sign are averaged: (2 * 5 + .5 * 6) / 2.
  const at::Tensor same = combined_change({row({5, 0}), row({6, 0})}, rule(MergeMethod::ties, {2, 0.5}), "w");
  EXPECT_THAT(values_of(same), testing::ElementsAre(6.5f, 0.0f));
}

TEST(CombinedChangesTest, dare_drops_at_random_and_scales_what_stays_so_that_the_mean_is_kept) {
  const at::Tensor change = at::full({100, 100}, 3.0f, at::kFloat);
  const MergeRule dare = rule(MergeMethod::dare, {2}, 0.3);
  const at::Tensor merged = combined_change({change}, dare, "w");
  std::int64_t kept = 0;
  for (const float value : values_of(merged)) {
    EXPECT_TRUE(value == 0 || std::abs(value - 2 * 3 / 0.3) < 1e-4) << value;
    kept += value != 0 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(kept), 3000, 5 * std::sqrt(10000 * 0.3 * 0.7));
}

TEST(CombinedChangesTest, what_dare_keeps_belongs_to_seed_name_training_and_element) {
  const at::Tensor change = test::golden_uniform("c", {1000});
  const auto kept = [&](std::uint64_t seed, std::size_t training, const char* name) {
    MergeRule dare = rule(MergeMethod::dare, {0, 0});
    dare.seed = seed;
    dare.weights[training] = 1;
    return values_of(combined_change({change, change}, dare, name));
  };
  EXPECT_EQ(kept(1, 0, "w"), kept(1, 0, "w"));
  EXPECT_NE(kept(1, 0, "w"), kept(2, 0, "w"));
  EXPECT_NE(kept(1, 0, "w"), kept(1, 1, "w"));
  EXPECT_NE(kept(1, 0, "w"), kept(1, 0, "v"));
  const at::Tensor part = change.slice(0, 0, 10).contiguous();
  const std::vector<float> first = values_of(combined_change({part, part}, rule(MergeMethod::dare, {1, 0}), "w"));
  const std::vector<float> whole = kept(1, 0, "w");
  EXPECT_TRUE(std::equal(first.begin(), first.end(), whole.begin())) << "the size of the tensor mattered";
}

TEST(CombinedChangesTest, all_of_one_change_is_that_change_whatever_the_method) {
  const at::Tensor change = test::golden_uniform("c", {40, 30});
  for (const MergeMethod method : {MergeMethod::linear, MergeMethod::ties, MergeMethod::dare}) {
    EXPECT_TRUE(at::equal(combined_change({change}, rule(method, {1}, 1), "w"), change));
  }
}

}  // namespace
}  // namespace coldframe
