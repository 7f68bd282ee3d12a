#include "framework/model/lora_strategy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/norm.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/model/dora_delta.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"
#include "tests/support/strategy_forms.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using testing::HasSubstr;

const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

const at::Tensor& value(const Model& model, const std::string& name) {
  return model.parameters.value(model.parameters.require(name));
}

std::string complaint(const LoraOptions& options) {
  Model model(test::tiny_encoder());
  return test::message_of<ConfigError>([&] { model.attach("lora", options); });
}

TEST(LoraStrategyTest, patterns_and_layers_choose_rank_and_place) {
  Model model(test::tiny_encoder());
  LoraOptions options;
  options.layers = {1};
  options.rank_pattern = {"attention.value:3"};
  model.attach("lora", options);
  EXPECT_EQ(value(model, "lora.encoder.layer.1.attention.self.query.A").size(0), 8);
  EXPECT_EQ(value(model, "lora.encoder.layer.1.attention.self.value.B").size(1), 3);
  EXPECT_EQ(model.parameters.find("lora.encoder.layer.0.attention.self.query.A"), -1);
  EXPECT_EQ(model.encoder->first_trainable_layer(ParameterView(model.parameters, false)), 1);
}

TEST(LoraStrategyTest, wrong_patterns_layers_and_ranks_are_refused) {
  LoraOptions options;
  options.layers = {2};
  EXPECT_THAT(complaint(options), HasSubstr("strategy.lora.layers = 2 (the encoder has layers 0 to 1)"));
  options = LoraOptions();
  options.rank_pattern = {"attention.key:4"};
  EXPECT_THAT(complaint(options), HasSubstr("strategy.lora.rank_pattern = attention.key"));
  for (const char* rank : {"0", "2.5", "4097"}) {
    options.rank_pattern = {std::string("attention.query:") + rank};
    EXPECT_THAT(complaint(options), HasSubstr("must be a whole number from 1 to 4096"));
  }
  options = LoraOptions();
  options.alpha_pattern = {"attention.query:0"};
  EXPECT_THAT(complaint(options), HasSubstr("must be above 0"));
  options = LoraOptions();
  options.init = "pissa";
  options.rank = 65;
  EXPECT_THAT(complaint(options), HasSubstr("from 1 to 64"));
}

TEST(LoraStrategyTest, gaussian_values_have_the_deviation_of_one_over_the_rank) {
  Model model(test::tiny_encoder());
  LoraOptions options;
  options.init = "gaussian";
  model.attach("lora", options);
  const at::Tensor& a = value(model, "lora.encoder.layer.1.attention.self.value.A");
  // 512 values: the standard error of the deviation is 1/8 / sqrt(1024).
  EXPECT_NEAR(a.square().mean().sqrt().item<double>(), 1.0 / 8, 5.0 / 8 / 32);
  EXPECT_GT(a.abs().max().item<float>(), 2.5 / 8) << "a uniform distribution ends before";
}

TEST(LoraStrategyTest, rank_stabilised_scaling_divides_by_the_root_of_the_rank) {
  // At rank 4 alpha / sqrt(rank) is twice alpha / rank: half of B makes up for it.
  LoraOptions options;
  options.rank = 4;
  Model standard(test::tiny_encoder()), stabilized(test::tiny_encoder());
  standard.attach("lora", options);
  options.scaling = "rank_stabilized";
  stabilized.attach("lora", options);
  for (const ParameterIndex index : standard.parameters.trainable()) {
    const std::string& name = standard.parameters.info(index).name;
    at::Tensor& b = standard.parameters.value(index);
    if (!name.ends_with(".B")) continue;
    b.copy_(test::golden_uniform(name, b.sizes(), 0.1));
    stabilized.parameters.value(index).copy_(b / 2);
  }
  EXPECT_LT((standard.embed(pack(k_texts)) - stabilized.embed(pack(k_texts))).abs().max().item<double>(), 1e-6);
}

TEST(LoraStrategyTest, lora_plus_lets_b_learn_faster_and_nothing_else) {
  Model model(test::tiny_encoder());
  LoraOptions options;
  options.b_learning_rate_factor = 16;
  options.bias = "lora_only";
  model.attach("lora", options);
  for (const ParameterIndex index : model.parameters.trainable()) {
    const ParameterInfo& info = model.parameters.info(index);
    EXPECT_EQ(info.learning_rate_factor, info.name.ends_with(".B") ? 16 : 1) << info.name;
  }
}

TEST(LoraStrategyTest, biases_are_counted) {
  const auto biases = [](const char* which) {
    Model model(test::tiny_encoder());
    LoraOptions options;
    options.bias = which;
    model.attach("lora", options);
    return model.parameters.trainable_count() - 2 * 2 * 2 * 8 * 64;
  };
  EXPECT_EQ(biases("none"), 0);
  EXPECT_EQ(biases("lora_only"), 2 * 2 * 64);
  EXPECT_EQ(biases("all"), 2 * (7 * 64 + 128) + 64);  // BitFit's count: L (7 d + F) + d
}

TEST(LoraStrategyTest, an_adapter_is_what_another_run_goes_on_from) {
  const test::ScratchFolder scratch;
  Model trained(test::tiny_encoder());
  trained.attach("lora");
  for (const ParameterIndex index : trained.parameters.trainable()) {
    at::Tensor& b = trained.parameters.value(index);
    b.copy_(test::golden_uniform(trained.parameters.info(index).name, b.sizes(), 0.1));
  }
  trained.strategy->export_to(scratch.path() / "a", *trained.encoder, trained.parameters, test::tiny_encoder());
  Model next(test::tiny_encoder());
  LoraOptions options;
  options.start_from = (scratch.path() / "a").string();
  next.attach("lora", options);
  EXPECT_TRUE(same_bits(next.embed(pack(k_texts)), trained.embed(pack(k_texts))));
  options.rank = 4;
  Model narrow(test::tiny_encoder());
  EXPECT_THAT(test::message_of<DataError>([&] { narrow.attach("lora", options); }), HasSubstr("rank 8 and alpha 16"));
}

TEST(LoraStrategyTest, scaling_bias_and_dora_must_be_those_of_the_folder) {
  const test::ScratchFolder scratch;
  const auto write = [&](const char* form_name) {
    const test::StrategyForm form = test::strategy_form(form_name);
    Model model(test::tiny_encoder());
    model.attach(form.kind, *form.options);
    model.strategy->export_to(scratch.path() / form_name, *model.encoder, model.parameters, test::tiny_encoder());
  };
  const auto refusal = [&](const char* kind, const char* folder) {
    Model model(test::tiny_encoder());
    model.attach(kind);
    return test::message_of<DataError>(
        [&] { model.strategy->import_from(scratch.path() / folder, *model.encoder, model.parameters); });
  };
  for (const char* form : {"lora", "lora_patterned", "lora_own_biases", "dora"}) write(form);
  EXPECT_THAT(refusal("lora", "lora_patterned"), HasSubstr("use_rslora = true"));
  EXPECT_THAT(refusal("lora", "lora_own_biases"), HasSubstr("bias = \"lora_only\""));
  EXPECT_THAT(refusal("lora", "dora"), HasSubstr("use_dora = true"));
  EXPECT_THAT(refusal("dora", "lora"), HasSubstr("use_dora = false"));
}

TEST(LoraStrategyTest, a_plain_adapter_of_twice_the_rank_is_a_pissa_adapter_too) {
  const test::ScratchFolder scratch;
  Model plain(test::tiny_encoder());
  LoraOptions options;
  options.rank = 16;
  options.alpha = 32;
  plain.attach("lora", options);
  for (const ParameterIndex index : plain.parameters.trainable()) {
    at::Tensor& weight = plain.parameters.value(index);
    weight.copy_(test::golden_uniform(plain.parameters.info(index).name, weight.sizes(), 0.1));
  }
  plain.strategy->export_to(scratch.path() / "a", *plain.encoder, plain.parameters, test::tiny_encoder());
  Model pissa(test::tiny_encoder());
  const test::StrategyForm form = test::strategy_form("lora_pissa");
  pissa.attach(form.kind, *form.options);
  pissa.strategy->import_from(scratch.path() / "a", *pissa.encoder, pissa.parameters);
  EXPECT_LT((pissa.embed(pack(k_texts)) - plain.embed(pack(k_texts))).abs().max().item<double>(), 1e-5);
}

TEST(DoraDeltaTest, row_norms_are_those_of_the_formed_matrix) {
  const at::Tensor w = test::golden_uniform("w", {24, 40}), a = test::golden_uniform("a", {5, 40}),
                   b = test::golden_uniform("b", {24, 5});
  const at::Tensor formed = at::norm(at::addmm(w, b, a, 1, 2.5).to(at::kDouble), 2, {1});
  EXPECT_LT((updated_row_norms(w, a, b, 2.5) - formed).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace coldframe
