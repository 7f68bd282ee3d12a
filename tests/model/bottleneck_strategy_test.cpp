#include "framework/model/bottleneck_strategy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/model/compacter_strategy.h"
#include "framework/model/houlsby_strategy.h"
#include "framework/model/parallel_strategy.h"
#include "framework/model/pfeiffer_strategy.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"
#include "tests/model/scratch_folder.h"
#include "tests/model/shaped_encoder.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using testing::HasSubstr;

const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

HoulsbyOptions houlsby(bool layer_norms = false) {
  HoulsbyOptions options;
  options.layer_norms = layer_norms;
  return options;
}

CompacterOptions compacter(bool plus_plus) {
  CompacterOptions options;
  options.plus_plus = plus_plus;
  return options;
}

TEST(BottleneckStrategyTest, trainable_counts_are_pinned) {
  const auto expect = [](std::string_view kind, const Options& options, std::int64_t minilm, std::int64_t base) {
    EXPECT_EQ(test::trainable_of(test::k_minilm_shape, kind, options), minilm) << kind;
    EXPECT_EQ(test::trainable_of(test::k_bert_base_shape, kind, options), base) << kind;
  };
  expect("pfeiffer", PfeifferOptions(), 113'040, 894'528);
  expect("parallel", ParallelOptions(), 113'040, 894'528);
  expect("houlsby", houlsby(false), 226'080, 1'789'056);
  expect("houlsby", houlsby(true), 235'296, 1'825'920);
  expect("compacter", compacter(false), 14'320, 57'088);
  expect("compacter", compacter(true), 7'192, 28'576);
  ParallelOptions scaled;
  scaled.train_scale = true;
  expect("parallel", scaled, 113'040 + 6, 894'528 + 12);
  PfeifferOptions upper;
  upper.skip_layers = 4;
  upper.width = 10;
  expect("pfeiffer", upper, 2 * (2 * 384 * 10 + 10 + 384), 8 * (2 * 768 * 10 + 10 + 768));
}

TEST(BottleneckStrategyTest, gradients_match_adapterhub) {
  const nlohmann::json golden = test::read_golden("adapterhub.json");
  const auto expect = [&](const std::string& name, std::string_view kind, const Options& options, double scale = 0.05) {
    SCOPED_TRACE(name);
    Model model(test::tiny_encoder());
    model.attach(kind, options);
    test::expect_gradients(model, golden, name, scale);
  };
  expect("houlsby", "houlsby", houlsby());
  expect("houlsby_norms", "houlsby", houlsby(true));
  HoulsbyOptions upper = houlsby();
  upper.skip_layers = 1;
  upper.activation = "tanh";
  expect("houlsby_upper_layer", "houlsby", upper);
  PfeifferOptions pfeiffer;
  pfeiffer.activation = "swish";
  pfeiffer.width = 6;
  expect("pfeiffer_swish", "pfeiffer", pfeiffer);
  ParallelOptions parallel;
  expect("parallel", "parallel", parallel);
  parallel.train_scale = true;
  parallel.activation = "gelu_new";
  expect("parallel_learned", "parallel", parallel);
  CompacterOptions kronecker;
  kronecker.reduction = 8;
  expect("compacter", "compacter", kronecker, 0.5);
  kronecker.plus_plus = true;
  kronecker.input = "normalized";
  kronecker.rank = 2;
  expect("compacter_plus_plus", "compacter", kronecker, 0.5);
}

TEST(BottleneckStrategyTest, parallel_adapters_start_as_the_pretrained_encoder) {
  const Model plain(test::tiny_encoder());
  Model model(test::tiny_encoder());
  model.attach("parallel");
  // The pretrained path adds bias, residual and LayerNorm in one pass: the last bits may differ.
  EXPECT_LT((model.embed(pack(k_texts)) - plain.embed(pack(k_texts))).abs().max().item<float>(), 1e-6);
}

TEST(BottleneckStrategyTest, the_others_start_near_it) {
  const Model plain(test::tiny_encoder());
  CompacterOptions small;
  small.width = 8;
  const HoulsbyOptions two = houlsby();
  for (const auto& [kind, options] :
       std::vector<std::pair<std::string, const Options*>>{{"houlsby", &two}, {"compacter", &small}}) {
    Model model(test::tiny_encoder());
    model.attach(kind, *options);
    const float change = (model.embed(pack(k_texts)) - plain.embed(pack(k_texts))).abs().max().item<float>();
    EXPECT_LT(change, 5e-3) << kind;
    EXPECT_GT(change, 0) << kind;
  }
}

TEST(BottleneckStrategyTest, a_trained_scale_starts_at_the_given_one) {
  ParallelOptions options;
  options.train_scale = true;
  Model model(test::tiny_encoder());
  model.attach("parallel", options);
  const ParameterIndex scale = model.parameters.require("parallel.encoder.layer.1.output.scale");
  EXPECT_EQ(model.parameters.value(scale).item<float>(), 4.0f);
  EXPECT_FALSE(model.parameters.info(scale).decay);
}

TEST(BottleneckStrategyTest, layers_left_out_get_no_gradient_work) {
  HoulsbyOptions options = houlsby(true);
  options.skip_layers = 1;
  Model model(test::tiny_encoder());
  model.attach("houlsby", options);
  EXPECT_EQ(model.encoder->first_trainable_layer(ParameterView(model.parameters, true)), 1);
  EXPECT_FALSE(model.parameters.info(model.parameters.require("encoder.layer.0.output.LayerNorm.weight")).trainable);
  EXPECT_TRUE(model.parameters.info(model.parameters.require("encoder.layer.1.output.LayerNorm.weight")).trainable);
}

TEST(BottleneckStrategyTest, what_cannot_be_trained_is_an_error) {
  const auto complaint = [](std::string_view kind, const Options& options) {
    Model model(test::tiny_encoder());
    return test::message_of<ConfigError>([&] { model.attach(kind, options); });
  };
  HoulsbyOptions none = houlsby();
  none.skip_layers = 2;
  EXPECT_THAT(complaint("houlsby", none), HasSubstr("nothing would be trained"));
  HoulsbyOptions narrow = houlsby();
  narrow.reduction = 65;
  EXPECT_THAT(complaint("houlsby", narrow), HasSubstr("must be at most the encoder's width 64"));
  // 64 / 32 = 2 is no multiple of 4.
  EXPECT_THAT(complaint("compacter", CompacterOptions()), HasSubstr("must divide the widths 64 and 2"));
  Model twice(test::tiny_encoder());
  twice.attach("houlsby", houlsby());
  EXPECT_THROW(twice.attach("pfeiffer"), ConfigError);
}

}  // namespace
}  // namespace coldframe
