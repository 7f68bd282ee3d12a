#include "framework/model/strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "framework/core/error.h"
#include "framework/model/full_strategy.h"
#include "framework/model/lora_strategy.h"
#include "framework/model/pfeiffer_strategy.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"
#include "tests/model/scratch_folder.h"
#include "tests/model/shaped_encoder.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using testing::HasSubstr;
using testing::IsSupersetOf;

constexpr DropoutContext k_active{.active = true, .seed = 5, .step = 9};
const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

/// Random values for everything trained, so that no delta is neutral.
void disturb(Model& model, double scale = 0.1) {
  for (const ParameterIndex index : model.parameters.trainable()) {
    at::Tensor& value = model.parameters.value(index);
    value.copy_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), scale));
  }
}

TEST(StrategyTest, trainable_counts_of_minilm_are_pinned) {
  const test::ScratchFolder scratch;
  const std::filesystem::path folder = test::shaped_folder(scratch.path(), test::k_minilm_shape);
  const auto count = [&](std::string_view kind, const Options& options) {
    Model model(folder);
    model.attach(kind, options);
    return model.parameters.trainable_count();
  };
  LoraOptions all_linears;
  all_linears.targets = {"*"};
  EXPECT_EQ(count("full", FullOptions()), 22'565'376);
  EXPECT_EQ(count("lora", LoraOptions()), 73'728);
  EXPECT_EQ(count("lora", all_linears), 331'776);
  EXPECT_EQ(count("pfeiffer", PfeifferOptions()), 113'040);
  Model lora(folder);
  lora.attach("lora");
  EXPECT_THAT(trainable_table(lora.parameters), HasSubstr("lora.encoder.layer.5                      12288"));
}

TEST(StrategyTest, registry_names_the_kinds_it_knows) {
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  EXPECT_THAT(registry.kinds(),
              IsSupersetOf({"compacter", "frozen", "full", "houlsby", "lora", "parallel", "pfeiffer"}));
  EXPECT_THAT(test::message_of<ConfigError>([&] { registry.require("lorra"); }), HasSubstr("did you mean lora?"));
  EXPECT_THROW(add_builtin_strategies(registry), ConfigError);
}

TEST(StrategyTest, frozen_trains_nothing_and_changes_nothing) {
  const Model plain(test::tiny_encoder());
  Model frozen(test::tiny_encoder());
  frozen.attach("frozen");
  EXPECT_EQ(frozen.parameters.trainable_count(), 0);
  EXPECT_TRUE(same_bits(frozen.embed(pack(k_texts)), plain.embed(pack(k_texts))));
}

TEST(StrategyTest, a_target_that_matches_nothing_lists_near_misses) {
  Model model(test::tiny_encoder());
  LoraOptions options;
  options.targets = {"attention.valeu"};
  EXPECT_THAT(test::message_of<ConfigError>([&] { model.attach("lora", options); }),
              HasSubstr("did you mean attention.value?"));
  options.targets = {};
  EXPECT_THROW(model.attach("lora", options), ConfigError);
  FullOptions none;
  none.parameters = {"encoder.layer.7.*"};
  EXPECT_THROW(model.attach("full", none), ConfigError);
  PfeifferOptions narrow;
  narrow.reduction = 65;
  EXPECT_THROW(model.attach("pfeiffer", narrow), ConfigError);
}

TEST(StrategyTest, lora_starts_as_the_pretrained_encoder_with_kaiming_uniform_a) {
  const Model plain(test::tiny_encoder());
  Model model(test::tiny_encoder());
  model.attach("lora");
  EXPECT_TRUE(same_bits(model.embed(pack(k_texts)), plain.embed(pack(k_texts))));
  const at::Tensor& a = model.parameters.value(model.parameters.require("lora.encoder.layer.1.attention.self.value.A"));
  ASSERT_EQ(a.sizes(), (at::IntArrayRef{8, 64}));
  // Uniform on (-1/8, 1/8), the bound being 1/sqrt(64): variance 1/192, standard error of the mean of 512 is .0032.
  EXPECT_LE(a.abs().max().item<float>(), 0.125f);
  EXPECT_GT(a.abs().max().item<float>(), 0.12f);
  EXPECT_NEAR(a.mean().item<double>(), 0.0, 5 * 0.0032);
  EXPECT_NEAR(a.square().mean().item<double>(), 1.0 / 192, 0.0012);
}

TEST(StrategyTest, initial_values_depend_on_seed_and_name_alone) {
  Model one(test::tiny_encoder()), other(test::tiny_encoder()), reseeded(test::tiny_encoder());
  LoraOptions value_only;
  value_only.targets = {"layer.1.attention.value"};
  one.attach("lora", LoraOptions(), 7);
  other.attach("lora", value_only, 7);
  reseeded.attach("lora", LoraOptions(), 8);
  const auto value = [](const Model& model, const char* name) {
    return model.parameters.value(model.parameters.require(name));
  };
  const char* name = "lora.encoder.layer.1.attention.self.value.A";
  EXPECT_TRUE(same_bits(value(one, name), value(other, name)));
  EXPECT_FALSE(same_bits(value(one, name), value(reseeded, name)));
  EXPECT_FALSE(same_bits(value(one, name), value(one, "lora.encoder.layer.1.attention.self.query.A")));
}

TEST(StrategyTest, pfeiffer_starts_from_small_normals_and_zero_biases) {
  Model model(test::tiny_encoder());
  PfeifferOptions options;
  options.reduction = 2;
  model.attach("pfeiffer", options);
  const at::Tensor& down =
      model.parameters.value(model.parameters.require("pfeiffer.encoder.layer.0.output.down.weight"));
  ASSERT_EQ(down.sizes(), (at::IntArrayRef{32, 64}));
  // 2,048 values: standard error of the standard deviation is 0.02 / sqrt(4096).
  EXPECT_NEAR(down.square().mean().sqrt().item<double>(), 0.02, 5 * 0.02 / 64);
  const ParameterIndex bias = model.parameters.require("pfeiffer.encoder.layer.0.output.up.bias");
  EXPECT_EQ(model.parameters.value(bias).abs().sum().item<float>(), 0);
  EXPECT_FALSE(model.parameters.info(bias).decay);
}

TEST(StrategyTest, lora_merges_to_the_same_function) {
  Model model(test::tiny_encoder());
  LoraOptions options;
  options.targets = {"*"};
  model.attach("lora", options);
  disturb(model);
  const PackedBatch batch = pack(k_texts);
  const at::Tensor before = model.embed(batch);
  EXPECT_GT((before - Model(test::tiny_encoder()).embed(batch)).abs().max().item<float>(), 1e-2);
  ASSERT_TRUE(model.strategy->merge(*model.encoder, model.parameters));
  EXPECT_LT((model.embed(batch) - before).abs().max().item<float>(), 1e-5);
  // Merging twice changes nothing more, and the merged weights alone are the function.
  const at::Tensor merged = model.embed(batch);
  ASSERT_TRUE(model.strategy->merge(*model.encoder, model.parameters));
  EXPECT_TRUE(same_bits(model.embed(batch), merged));
}

TEST(StrategyTest, bottlenecks_do_not_merge) {
  Model model(test::tiny_encoder());
  model.attach("pfeiffer");
  EXPECT_FALSE(model.strategy->merge(*model.encoder, model.parameters));
}

TEST(StrategyTest, lora_dropout_shifts_no_other_mask) {
  // B = 0: LoRA adds nothing whatever its input mask, so all other masks must be those of the plain encoder.
  const Model plain(test::tiny_encoder());
  Model model(test::tiny_encoder());
  LoraOptions options;
  options.dropout = 0.5;
  model.attach("lora", options);
  const PackedBatch batch = pack(k_texts);
  EXPECT_TRUE(same_bits(model.embed(batch, k_active), plain.embed(batch, k_active)));
  disturb(model);
  Model without(test::tiny_encoder());
  without.attach("lora");
  disturb(without);
  EXPECT_FALSE(same_bits(model.embed(batch, k_active), without.embed(batch, k_active)));
  EXPECT_TRUE(same_bits(model.embed(batch), without.embed(batch)));
}

TEST(StrategyTest, frozen_weights_get_no_gradient_work) {
  Model model(test::tiny_encoder());
  model.attach("lora");
  const ParameterView view(model.parameters, true);
  const at::Tensor out = model.encoder->forward({view, pack(k_texts), {}});
  std::set<const torch::autograd::Node*> seen;
  std::vector<const torch::autograd::Node*> open = {out.grad_fn().get()};
  std::size_t leaves = 0;
  while (!open.empty()) {
    const torch::autograd::Node* node = open.back();
    open.pop_back();
    if (node == nullptr || !seen.insert(node).second) continue;
    leaves += node->name().find("AccumulateGrad") != std::string::npos ? 1 : 0;
    for (const auto& edge : node->next_edges()) open.push_back(edge.function.get());
  }
  EXPECT_EQ(leaves, model.parameters.trainable().size());
}

TEST(StrategyTest, gradients_with_dropout_match_finite_differences) {
  for (const char* kind : {"full", "lora", "pfeiffer", "houlsby", "parallel"}) {
    Model model(test::tiny_encoder());
    LoraOptions lora;
    lora.dropout = 0.2;
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    const auto defaults = registry.require(kind).make_options();
    model.attach(kind, std::string_view(kind) == "lora" ? static_cast<const Options&>(lora) : *defaults);
    if (std::string_view(kind) != "full") disturb(model);
    for (const ParameterIndex index : model.parameters.trainable()) {
      // No kink of the ReLU may lie within a step; its gradient is compared with PyTorch's elsewhere.
      if (model.parameters.info(index).name.ends_with(".down.bias")) model.parameters.value(index).fill_(5);
    }
    SCOPED_TRACE(kind);
    test::expect_slopes(model, pack(k_texts), k_active);
  }
}

}  // namespace
}  // namespace coldframe
