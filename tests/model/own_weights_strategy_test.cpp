// Strategies that train some of the encoder's own weights: BitFit, top layers and patterns, LayerNorms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/model/bitfit_strategy.h"
#include "framework/model/layer_norm_strategy.h"
#include "framework/model/partial_strategy.h"
#include "framework/model/weight_files.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"
#include "tests/model/scratch_folder.h"
#include "tests/model/shaped_encoder.h"
#include "tests/support/strategy_forms.h"

namespace coldframe {
namespace {

using test::Model;
using test::options_with;
using test::pack;
using test::same_bits;
using test::StrategyForm;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr DropoutContext k_active{.active = true, .seed = 5, .step = 9};
const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

std::vector<StrategyForm> own_weight_forms() {
  return {
      {"bitfit", "bitfit", options_with<BitfitOptions>()},
      {"bitfit_half", "bitfit", options_with<BitfitOptions>([](BitfitOptions& options) {
         options.biases = {"attention.self.query.bias", "intermediate.dense.bias"};
       })},
      {"top_layer", "partial", options_with<PartialOptions>()},
      {"pattern", "partial", options_with<PartialOptions>([](PartialOptions& options) {
         options.top_layers = 0;
         options.parameters = {"embeddings.*", "layer.0.output.*"};
         options.frozen = {"position_embeddings.weight", "layer.0.output.dense.weight"};
       })},
  };
}

std::int64_t trained(test::EncoderShape shape, std::string_view kind, const Options& options) {
  shape.vocabulary = 10;  // tables are not trained here
  shape.positions = 8;
  return test::trainable_of(shape, kind, options);
}

TEST(OwnWeightsTest, counts_of_two_real_encoders_are_pinned) {
  // Without the pooler, through which no embedding passes: its bias of d would make 102,912 and 26,112.
  EXPECT_EQ(trained(test::k_bert_base_shape, "bitfit", BitfitOptions()), 102'144);
  EXPECT_EQ(trained(test::k_minilm_shape, "bitfit", BitfitOptions()), 25'728);
  EXPECT_EQ(trained(test::k_bert_base_shape, "layer_norm", LayerNormOptions()), 38'400);
  EXPECT_EQ(trained(test::k_minilm_shape, "layer_norm", LayerNormOptions()), 9'984);
  // A layer is 4 (d d + d) + (d F + F) + (F d + d) + 4 d.
  EXPECT_EQ(trained(test::k_bert_base_shape, "partial", PartialOptions()), 7'087'872);
  EXPECT_EQ(trained(test::k_minilm_shape, "partial", PartialOptions()), 1'774'464);
  PartialOptions two;
  two.top_layers = 2;
  EXPECT_EQ(trained(test::k_minilm_shape, "partial", two), 2 * 1'774'464);
  LayerNormOptions attention;
  attention.targets = {"attention.*"};
  EXPECT_EQ(trained(test::k_minilm_shape, "layer_norm", attention), 6 * 2 * 384);
  BitfitOptions half;
  half.biases = {"attention.self.query.bias", "intermediate.dense.bias"};
  EXPECT_EQ(trained(test::k_minilm_shape, "bitfit", half), 6 * (384 + 1536));
}

TEST(OwnWeightsTest, the_top_layer_is_the_last_and_nothing_below_it_is_differentiated) {
  Model model(test::tiny_encoder());
  model.attach("partial");
  EXPECT_EQ(model.encoder->first_trainable_layer(ParameterView(model.parameters, false)), 1);
  for (const ParameterIndex index : model.parameters.trainable()) {
    EXPECT_THAT(model.parameters.info(index).name, HasSubstr("encoder.layer.1."));
  }
}

std::string complaint(std::string_view kind, const Options& options) {
  Model model(test::tiny_encoder());
  return test::message_of<ConfigError>([&] { model.attach(kind, options); });
}

TEST(OwnWeightsTest, choices_that_name_nothing_are_refused) {
  BitfitOptions bitfit;
  bitfit.biases = {"attention.self.query.weight"};
  EXPECT_THAT(complaint("bitfit", bitfit), HasSubstr("strategy.bitfit.biases = attention.self.query.weight"));
  PartialOptions partial;
  partial.top_layers = 3;
  EXPECT_THAT(complaint("partial", partial), HasSubstr("strategy.partial.top_layers = 3 (the encoder has 2 layers)"));
  partial.top_layers = 1;
  partial.frozen = {"layer.1.*"};
  EXPECT_THAT(complaint("partial", partial), HasSubstr("leaves nothing to train"));
  partial.top_layers = 0;
  EXPECT_THAT(partial.validate(), testing::SizeIs(1));
  LayerNormOptions norms;
  norms.targets = {"layer.9.*"};
  EXPECT_THAT(complaint("layer_norm", norms), HasSubstr("strategy.layer_norm.targets = layer.9.*"));
}

class OwnWeightsFormTest : public ::testing::TestWithParam<StrategyForm> {
 protected:
  void attach(Model& model) const { model.attach(GetParam().kind, *GetParam().options); }
  void train(Model& model) const {
    attach(model);
    for (const ParameterIndex index : model.parameters.trainable()) {
      at::Tensor& value = model.parameters.value(index);
      value.add_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), 0.05));
    }
  }
  void export_model(const Model& model) const {
    model.strategy->export_to(folder(), *model.encoder, model.parameters, test::tiny_encoder());
  }
  std::string import_complaint(Model& model) const {
    return test::message_of<DataError>(
        [&] { model.strategy->import_from(folder(), *model.encoder, model.parameters); });
  }
  std::filesystem::path folder() const { return scratch_.path() / "model"; }

  test::ScratchFolder scratch_;
};

TEST_P(OwnWeightsFormTest, starts_with_the_bits_of_the_pretrained_encoder) {
  const Model plain(test::tiny_encoder());
  Model model(test::tiny_encoder());
  attach(model);
  EXPECT_TRUE(same_bits(model.embed(pack(k_texts)), plain.embed(pack(k_texts))));
  EXPECT_TRUE(same_bits(model.embed(pack(k_texts), k_active), plain.embed(pack(k_texts), k_active)));
}

TEST_P(OwnWeightsFormTest, gradients_are_those_that_transformers_finds_for_these_weights) {
  const nlohmann::json golden = test::read_golden("model_tiny.json");
  Model model(test::tiny_encoder());
  attach(model);
  nlohmann::json expected = nlohmann::json::object();
  for (const ParameterIndex index : model.parameters.trainable()) {
    const std::string& name = model.parameters.info(index).name;
    if (name.ends_with("attention.self.key.bias")) continue;  // exactly zero: see below
    expected[name] = golden["gradients"]["full"].at(name);
  }
  const PackedBatch batch = pack(golden["gradient_texts"].get<test::TokenTexts>());
  const at::Tensor weights = test::golden_uniform("loss", {batch.texts(), model.encoder->width()});
  std::map<std::string, at::Tensor> gradients = model.gradients(batch, weights);
  std::erase_if(gradients, [&](const auto& entry) {
    if (!entry.first.ends_with("attention.self.key.bias")) return false;
    EXPECT_LT(test::norm_of(entry.second), 1e-5) << entry.first << ": softmax does not see a constant shift";
    return true;
  });
  test::expect_gradients(gradients, expected);
}

TEST_P(OwnWeightsFormTest, reads_back_what_it_wrote) {
  Model one(test::tiny_encoder());
  train(one);
  export_model(one);
  Model fresh(test::tiny_encoder());
  attach(fresh);
  fresh.strategy->import_from(folder(), *fresh.encoder, fresh.parameters);
  EXPECT_TRUE(same_bits(fresh.embed(pack(k_texts)), one.embed(pack(k_texts))));
  EXPECT_FALSE(same_bits(fresh.embed(pack(k_texts)), Model(test::tiny_encoder()).embed(pack(k_texts))));
}

TEST_P(OwnWeightsFormTest, holds_the_trained_weights_alone_by_their_names_in_the_checkpoint) {
  Model one(test::tiny_encoder());
  train(one);
  export_model(one);
  std::set<std::string> expected, stored;
  for (const ParameterIndex index : one.parameters.trainable()) expected.insert(one.parameters.info(index).name);
  const WeightFiles files(folder() / "changed_weights.safetensors");
  for (const auto& [name, tensor] : files.tensors()) stored.insert(name);
  EXPECT_EQ(stored, expected);
  const nlohmann::json manifest = read_json(folder() / "changed_weights.json");
  EXPECT_EQ(manifest["strategy"], GetParam().kind);
  const Model plain(test::tiny_encoder());
  EXPECT_EQ(manifest["base_encoder_sha256"], encoder_digest(*plain.encoder, plain.parameters));
}

TEST_P(OwnWeightsFormTest, refuses_another_base_other_weights_and_files_that_do_not_belong_together) {
  Model one(test::tiny_encoder());
  train(one);
  export_model(one);
  Model other(test::tiny_encoder());
  other.parameters.value(0)[0][0] += 1;
  attach(other);
  EXPECT_THAT(import_complaint(other), HasSubstr("other weights"));
  for (const StrategyForm& form : own_weight_forms()) {
    if (form.name == GetParam().name) continue;
    Model model(test::tiny_encoder());
    model.attach(form.kind, *form.options);
    EXPECT_THAT(import_complaint(model), testing::AnyOf(HasSubstr("lacks the tensor"), HasSubstr("also changes")))
        << form.name;
  }
  Model fresh(test::tiny_encoder());
  attach(fresh);
  test::change_json(folder() / "changed_weights.json", {{"format_version", 2}});
  EXPECT_THAT(import_complaint(fresh), HasSubstr("this version reads format 1"));
  export_model(one);
  write_weights(folder() / "changed_weights.safetensors", {{"a", test::golden_uniform("a", {3})}});
  EXPECT_THAT(import_complaint(fresh), HasSubstr("is another file"));
}

TEST_P(OwnWeightsFormTest, has_nothing_to_merge) {
  Model one(test::tiny_encoder());
  train(one);
  const at::Tensor before = one.embed(pack(k_texts));
  EXPECT_TRUE(one.strategy->merge(*one.encoder, one.parameters));
  EXPECT_TRUE(same_bits(one.embed(pack(k_texts)), before));
}

INSTANTIATE_TEST_SUITE_P(OwnWeights, OwnWeightsFormTest, ::testing::ValuesIn(own_weight_forms()), test::FormName());

}  // namespace
}  // namespace coldframe
