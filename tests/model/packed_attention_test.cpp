#include "framework/model/packed_attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <vector>

#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_check.h"

namespace coldframe {
namespace {

using test::golden_uniform;
using test::pack;
using test::same_bits;

constexpr std::int64_t k_heads = 2;
constexpr std::int64_t k_width = 6;
constexpr DropoutContext k_active{.active = true, .seed = 3, .step = 1};

AttentionSetup setup(const DropoutContext& dropout = {}) {
  return {k_heads, 512, dropout, DropoutSite("layer.0.attention.probabilities", 0.4)};
}

PackedBatch texts_of(const std::vector<std::size_t>& lengths) {
  test::TokenTexts texts;
  for (const std::size_t length : lengths) texts.emplace_back(length, 1);
  return pack(texts);
}

/// The definition, element by element in double, masks drawn one word at a time.
std::vector<double> plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                    const PackedBatch& batch, const AttentionSetup& how) {
  const std::int64_t head_width = q.size(1) / how.heads;
  const auto at = [&](const at::Tensor& x, std::int64_t t, std::int64_t c) {
    return double{x.const_data_ptr<float>()[t * q.size(1) + c]};
  };
  const MaskKey key(how.dropout, how.probabilities.id, how.probabilities.rate);
  std::vector<double> out(static_cast<std::size_t>(q.numel()), 0.0);
  for (std::size_t n = 0; n < batch.view_keys.size(); ++n) {
    const std::int64_t begin = batch.row_offsets[n], length = batch.row_offsets[n + 1] - begin;
    for (std::int64_t h = 0; h < how.heads; ++h) {
      for (std::int64_t i = 0; i < length; ++i) {
        std::vector<double> weight(static_cast<std::size_t>(length));
        double total = 0;
        for (std::int64_t j = 0; j < length; ++j) {
          double score = 0;
          for (std::int64_t c = h * head_width; c < (h + 1) * head_width; ++c) {
            score += at(q, begin + i, c) * at(k, begin + j, c);
          }
          weight[static_cast<std::size_t>(j)] = std::exp(score / std::sqrt(static_cast<double>(head_width)));
          total += weight[static_cast<std::size_t>(j)];
        }
        for (std::int64_t j = 0; j < length; ++j) {
          double p = weight[static_cast<std::size_t>(j)] / total;
          const auto column = static_cast<std::uint32_t>(h * how.mask_stride + j);
          const std::uint64_t view = batch.view_keys[n];
          const PhiloxBlock words =
              philox4x32({static_cast<std::uint32_t>(view), static_cast<std::uint32_t>(view >> 32),
                          static_cast<std::uint32_t>(i), column / 4},
                         key.key);
          if (how.dropout.active) p *= words[column % 4] < key.threshold ? 0.0 : double{key.scale};
          for (std::int64_t c = h * head_width; c < (h + 1) * head_width; ++c) {
            out[static_cast<std::size_t>((begin + i) * q.size(1) + c)] += p * at(v, begin + j, c);
          }
        }
      }
    }
  }
  return out;
}

TEST(PackedAttentionTest, equals_the_definition_with_and_without_dropout) {
  // 300 texts of 40 tokens span several cache blocks; 512 is the longest text of the usual encoders.
  for (const auto& lengths : {std::vector<std::size_t>{1, 1, 2, 5, 5, 5, 9}, std::vector<std::size_t>(100, 40),
                              std::vector<std::size_t>{7, 512}}) {
    const PackedBatch batch = texts_of(lengths);
    const auto layout = std::make_shared<const PackedLayout>(batch);
    const at::Tensor q = golden_uniform("q", {batch.tokens(), k_width}, 2);
    const at::Tensor k = golden_uniform("k", {batch.tokens(), k_width}, 2);
    const at::Tensor v = golden_uniform("v", {batch.tokens(), k_width}, 2);
    for (const DropoutContext& dropout : {DropoutContext{}, k_active}) {
      const at::Tensor out = packed_attention(q, k, v, layout, setup(dropout));
      const std::vector<double> expected = plain_attention(q, k, v, batch, setup(dropout));
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(out.const_data_ptr<float>()[i], expected[i], 5e-6) << "element " << i;
      }
    }
  }
}

TEST(PackedAttentionTest, gradients_match_finite_differences) {
  const PackedBatch batch = texts_of({1, 3, 3, 4});
  const auto layout = std::make_shared<const PackedLayout>(batch);
  const at::Tensor q = golden_uniform("q", {11, k_width});
  const at::Tensor k = golden_uniform("k", {11, k_width});
  const at::Tensor v = golden_uniform("v", {11, k_width});
  for (const DropoutContext& dropout : {DropoutContext{}, k_active}) {
    const AttentionSetup how = setup(dropout);
    test::expect_gradient([&](const at::Tensor& x) { return packed_attention(x, k, v, layout, how); }, q);
    test::expect_gradient([&](const at::Tensor& x) { return packed_attention(q, x, v, layout, how); }, k);
    test::expect_gradient([&](const at::Tensor& x) { return packed_attention(q, k, x, layout, how); }, v);
  }
}

/// A bias that reaches further than the texts, and three tokens of a prefix.
AttentionExtras extras() {
  return {golden_uniform("bias", {k_heads, 2 * 6 - 1}), golden_uniform("prefix keys", {3, k_width}),
          golden_uniform("prefix values", {3, k_width})};
}

TEST(PackedAttentionTest, gradients_of_bias_and_prefix_match_finite_differences) {
  const PackedBatch batch = texts_of({1, 3, 3, 4});
  const auto layout = std::make_shared<const PackedLayout>(batch);
  const at::Tensor q = golden_uniform("q", {11, k_width});
  const at::Tensor k = golden_uniform("k", {11, k_width});
  const at::Tensor v = golden_uniform("v", {11, k_width});
  for (const DropoutContext& dropout : {DropoutContext{}, k_active}) {
    const auto with = [&](at::Tensor AttentionExtras::*part) {
      return [&, part](const at::Tensor& x) {
        AttentionExtras changed = extras();
        changed.*part = x;
        return packed_attention(q, k, v, layout, setup(dropout), changed);
      };
    };
    test::expect_gradient(with(&AttentionExtras::bias), extras().bias);
    test::expect_gradient(with(&AttentionExtras::prefix_keys), extras().prefix_keys);
    test::expect_gradient(with(&AttentionExtras::prefix_values), extras().prefix_values);
    test::expect_gradient(
        [&](const at::Tensor& x) { return packed_attention(x, k, v, layout, setup(dropout), extras()); }, q);
  }
}

TEST(PackedAttentionTest, a_prefix_is_a_pair_of_keys_and_values_more_in_each_text) {
  const PackedBatch batch = texts_of({4}), longer = texts_of({5});
  const auto layout = std::make_shared<const PackedLayout>(batch), more = std::make_shared<const PackedLayout>(longer);
  const at::Tensor q = golden_uniform("q", {4, k_width}), k = golden_uniform("k", {4, k_width}),
                   v = golden_uniform("v", {4, k_width});
  const at::Tensor key = golden_uniform("key", {1, k_width}), value = golden_uniform("value", {1, k_width});
  const at::Tensor found = packed_attention(q, k, v, layout, setup(), {{}, key, value});
  const at::Tensor expected =
      packed_attention(at::cat({q, key}), at::cat({k, key}), at::cat({v, value}), more, setup()).narrow(0, 0, 4);
  EXPECT_LT((found - expected).abs().max().item<double>(), 1e-6);
}

TEST(PackedAttentionTest, a_prefix_that_nobody_attends_to_leaves_masks_as_they_are) {
  const PackedBatch batch = texts_of({3, 4});
  const auto layout = std::make_shared<const PackedLayout>(batch);
  const at::Tensor q = golden_uniform("q", {7, k_width}).abs(), k = golden_uniform("k", {7, k_width}),
                   v = golden_uniform("v", {7, k_width});
  const at::Tensor far = at::full({5, k_width}, -1e4), values = golden_uniform("values", {5, k_width});
  const at::Tensor plain = packed_attention(q, k, v, layout, setup(k_active));
  const at::Tensor with_prefix = packed_attention(q, k, v, layout, setup(k_active), {{}, far, values});
  EXPECT_LT((plain - with_prefix).abs().max().item<double>(), 1e-6);
}

TEST(PackedAttentionTest, a_bias_is_found_by_distance_whatever_its_reach) {
  const PackedBatch batch = texts_of({2, 3});
  const auto layout = std::make_shared<const PackedLayout>(batch);
  const at::Tensor q = golden_uniform("q", {5, k_width}), k = golden_uniform("k", {5, k_width}),
                   v = golden_uniform("v", {5, k_width});
  const at::Tensor bias = extras().bias;
  const at::Tensor narrow = bias.narrow(1, 3, 5);  // of distances -2 to 2
  EXPECT_TRUE(same_bits(packed_attention(q, k, v, layout, setup(), {bias, {}, {}}),
                        packed_attention(q, k, v, layout, setup(), {narrow, {}, {}})));
  EXPECT_FALSE(same_bits(packed_attention(q, k, v, layout, setup(), {bias, {}, {}}),
                         packed_attention(q, k, v, layout, setup())));
}

TEST(PackedAttentionTest, computes_only_the_gradients_asked_for) {
  const PackedBatch batch = texts_of({2, 3});
  const auto layout = std::make_shared<const PackedLayout>(batch);
  const at::Tensor q = golden_uniform("q", {5, k_width}).requires_grad_();
  const at::Tensor k = golden_uniform("k", {5, k_width});
  const at::Tensor v = golden_uniform("v", {5, k_width}).requires_grad_();
  const at::Tensor out = packed_attention(q, k, v, layout, setup());
  const at::Tensor ones = at::ones_like(out);
  const auto both = torch::autograd::grad({out}, {q, v}, {ones}, true);
  at::Tensor all_k = k.clone().requires_grad_();
  const at::Tensor full = packed_attention(q, all_k, v, layout, setup());
  const auto all = torch::autograd::grad({full}, {q, all_k, v}, {ones});
  EXPECT_TRUE(same_bits(both[0], all[0]));
  EXPECT_TRUE(same_bits(both[1], all[2]));
}

TEST(PackedAttentionTest, texts_do_not_see_each_other) {
  const PackedBatch batch = texts_of({3, 4});
  const auto layout = std::make_shared<const PackedLayout>(batch);
  const at::Tensor q = golden_uniform("q", {7, k_width});
  const at::Tensor k = golden_uniform("k", {7, k_width});
  const at::Tensor v = golden_uniform("v", {7, k_width});
  at::Tensor changed = v.clone();
  changed.narrow(0, 0, 3).mul_(100);
  const at::Tensor before = packed_attention(q, k, v, layout, setup());
  const at::Tensor after = packed_attention(q, k, changed, layout, setup());
  EXPECT_TRUE(same_bits(before.narrow(0, 3, 4), after.narrow(0, 3, 4)));
  EXPECT_FALSE(same_bits(before.narrow(0, 0, 3), after.narrow(0, 0, 3)));
}

}  // namespace
}  // namespace coldframe
