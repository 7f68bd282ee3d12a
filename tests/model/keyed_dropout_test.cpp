#include "framework/model/keyed_dropout.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "framework/core/hash.h"
#include "tests/model/encoder_fixture.h"

namespace coldframe {
namespace {

using test::pack;
using test::same_bits;

constexpr DropoutContext k_context{.active = true, .seed = 11, .step = 5, .pass = 1};

std::shared_ptr<const PackedLayout> layout_of(const PackedBatch& batch) {
  return std::make_shared<const PackedLayout>(batch);
}

at::Tensor ones(std::int64_t rows, std::int64_t columns) {
  return at::ones({rows, columns}, at::TensorOptions().dtype(at::kFloat));
}

TEST(KeyedMaskTest, follows_the_documented_key_and_counter) {
  const std::uint64_t site = mask_site("layer.3.attention");
  const MaskKey key(k_context, site, 0.25);
  // hash(seed, purpose, step, pass, site), written out.
  const PhiloxKey seed_key = philox_key(11, Purpose::dropout);
  std::uint64_t hash = (std::uint64_t{seed_key[1]} << 32) | seed_key[0];
  for (const std::uint64_t part : {std::uint64_t{5}, std::uint64_t{1}, site}) hash = combine_hash(hash, part);
  ASSERT_EQ(key.key, (PhiloxKey{static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32)}));
  EXPECT_EQ(key.threshold, 0x40000000u);

  constexpr std::uint64_t view = 0x0123456789ABCDEFull;
  const std::vector<MaskRow> rows = {{view, 3, 0}, {view, 4, 7}};
  constexpr std::int64_t columns = 10;  // not a multiple of four
  const std::vector<float> in(2 * columns, 3.0f);
  std::vector<float> out(in.size());
  apply_mask(key, rows, columns, in.data(), out.data());
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      const auto block = static_cast<std::uint32_t>(c / 4) + rows[r].first_block;
      const std::uint32_t word = philox4x32({0x89ABCDEFu, 0x01234567u, rows[r].token, block}, key.key)[c % 4];
      EXPECT_EQ(out[r * columns + static_cast<std::size_t>(c)], word < 0x40000000u ? 0.0f : 3.0f * key.scale);
    }
  }
}

TEST(KeyedMaskTest, long_and_short_rows_split_over_chunks_alike) {
  const MaskKey key(k_context, 99, 0.5);
  for (const std::int64_t columns : {1, 3, 4, 35, 384, 1023, 1024, 1025, 4100}) {
    std::vector<MaskRow> rows;
    for (std::uint32_t r = 0; r < 9; ++r) rows.push_back({77, r, 0});
    const std::vector<float> in(static_cast<std::size_t>(9 * columns), 1.0f);
    std::vector<float> together(in.size());
    std::vector<float> apart(in.size());
    apply_mask(key, rows, columns, in.data(), together.data());
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const std::size_t start = r * static_cast<std::size_t>(columns);
      apply_mask(key, {&rows[r], 1}, columns, in.data() + start, apart.data() + start);
    }
    EXPECT_EQ(together, apart) << columns << " columns";
  }
}

TEST(KeyedDropoutTest, keeps_mean_and_variance) {
  const PackedBatch batch = pack({std::vector<std::int64_t>(500, 1), std::vector<std::int64_t>(500, 1)});
  constexpr double rate = 0.1;
  const at::Tensor out = keyed_dropout(ones(1000, 400), layout_of(batch), k_context, DropoutSite("x", rate));
  const auto n = static_cast<double>(out.numel());
  const double mean = out.sum().item<double>() / n;
  const double square = (out * out).sum().item<double>() / n;
  // Elements are 1/(1-p) with probability 1-p: variance p/(1-p) = 1/9, fourth central moment bounds its error.
  EXPECT_NEAR(mean, 1.0, 5 * std::sqrt(rate / (1 - rate) / n));
  EXPECT_NEAR(square - mean * mean, rate / (1 - rate), 0.003);
}

TEST(KeyedDropoutTest, neighbouring_rows_columns_steps_passes_and_seeds_are_independent) {
  const PackedBatch batch = pack({std::vector<std::int64_t>(256, 1)});
  const auto kept = [&](DropoutContext context, const char* site) {
    return (keyed_dropout(ones(256, 256), layout_of(batch), context, DropoutSite(site, 0.5)) > 0).to(at::kFloat);
  };
  const at::Tensor base = kept(k_context, "a");
  const auto agreement = [&](const at::Tensor& other) { return (base == other).to(at::kFloat).mean().item<double>(); };
  DropoutContext step = k_context, pass = k_context, seed = k_context;
  ++step.step;
  ++pass.pass;
  ++seed.seed;
  // Two independent masks of rate one half agree on half of 65,536 elements, standard error 1/512.
  for (const at::Tensor& other : {kept(step, "a"), kept(pass, "a"), kept(seed, "a"), kept(k_context, "b"),
                                  base.roll({1}, {0}), base.roll({1}, {1}), base.roll({4}, {1})}) {
    EXPECT_NEAR(agreement(other), 0.5, 5.0 / 512);
  }
}

TEST(KeyedDropoutTest, a_text_keeps_its_mask_in_another_micro_batch) {
  const test::TokenTexts texts = {{1, 2}, {3, 4, 5}, {6, 7, 8}};
  const DropoutSite site("x", 0.5);
  const at::Tensor together = keyed_dropout(ones(8, 64), layout_of(pack(texts, {10, 20, 30})), k_context, site);
  const at::Tensor apart = keyed_dropout(ones(3, 64), layout_of(pack({texts[2]}, {30})), k_context, site);
  EXPECT_TRUE(same_bits(together.narrow(0, 5, 3), apart));
  const at::Tensor other_view = keyed_dropout(ones(3, 64), layout_of(pack({texts[2]}, {31})), k_context, site);
  EXPECT_FALSE(same_bits(apart, other_view));
}

TEST(KeyedDropoutTest, backward_draws_the_mask_of_forward) {
  const PackedBatch batch = pack({{1, 2, 3}, {4, 5, 6}});
  at::Tensor x = ones(6, 33).requires_grad_();
  const at::Tensor y = keyed_dropout(x, layout_of(batch), k_context, DropoutSite("x", 0.3));
  const at::Tensor gradient = torch::autograd::grad({y}, {x}, {ones(6, 33)})[0];
  EXPECT_TRUE(same_bits(gradient, y.detach()));
}

TEST(KeyedDropoutTest, does_nothing_when_inactive_or_at_rate_zero_and_keeps_nan_visible) {
  const PackedBatch batch = pack({{1, 2}});
  const at::Tensor x = ones(2, 8);
  EXPECT_TRUE(keyed_dropout(x, layout_of(batch), {}, DropoutSite("x", 0.5)).is_same(x));
  EXPECT_TRUE(keyed_dropout(x, layout_of(batch), k_context, DropoutSite("x", 0.0)).is_same(x));
  const at::Tensor nan = x * std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(keyed_dropout(nan, layout_of(batch), k_context, DropoutSite("x", 0.1)).isnan().any().item<bool>());
}

}  // namespace
}  // namespace coldframe
