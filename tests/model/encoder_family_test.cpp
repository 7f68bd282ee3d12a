// What holds for every family of encoders beyond BERT: MPNet against transformers, peft and its own files.

#include "framework/model/encoder_family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/model/adapterhub_folder.h"
#include "framework/model/transformer_config.h"
#include "framework/model/weight_files.h"
#include "tests/model/embedding_golden.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using testing::AllOf;
using testing::HasSubstr;

const std::filesystem::path k_bert = test::tiny_encoder(), k_mpnet = test::tiny_encoder(FamilyKind::mpnet);

std::filesystem::path copy_of_mpnet(const test::ScratchFolder& scratch) {
  const std::filesystem::path copy = scratch.path() / "encoder";
  std::filesystem::remove_all(copy);
  std::filesystem::copy(k_mpnet, copy, std::filesystem::copy_options::recursive);
  return copy;
}

TEST(EncoderFamilyTest, mpnet_embeddings_match_double_precision) {
  const nlohmann::json golden = test::read_golden("model_mpnet.json");
  const auto texts = golden["texts"].get<test::TokenTexts>();
  const test::ScratchFolder scratch;
  for (const nlohmann::json& variant : golden["embeddings"]) {
    const std::filesystem::path folder = copy_of_mpnet(scratch);
    test::change_json(folder / "config.json", variant["config"]);
    EncoderOptions options = Model::options_for(folder);
    options.pooling = variant["pooling"];
    options.normalize = variant["normalize"].get<bool>() ? "yes" : "no";
    test::expect_embeddings(Model(options).embed(pack(texts)), variant);
  }
}

TEST(EncoderFamilyTest, mpnet_gradients_match_transformers_and_peft) {
  for (const char* kind : {"full", "lora", "pfeiffer"}) {
    Model model(k_mpnet);
    model.attach(kind);
    test::expect_gradients(model, test::read_golden("model_mpnet.json"), kind);
  }
}

TEST(EncoderFamilyTest, mpnet_shares_one_table_of_biases_that_full_trains_without_decay) {
  Model model(k_mpnet);
  model.attach("full");
  const ParameterIndex table = model.parameters.require("encoder.relative_attention_bias.weight");
  EXPECT_EQ(model.parameters.value(table).sizes(), (at::IntArrayRef{32, 4}));
  EXPECT_TRUE(model.parameters.info(table).trainable);
  EXPECT_FALSE(model.parameters.info(table).decay);
}

TEST(EncoderFamilyTest, blocks_are_recorded_from_the_lowest_that_a_shared_bias_enters) {
  Model model(k_mpnet);
  EXPECT_EQ(model.encoder->first_trainable_layer(ParameterView(model.parameters, true)), 2);
  model.parameters.info(model.parameters.require("encoder.relative_attention_bias.weight")).trainable = true;
  EXPECT_EQ(model.encoder->first_trainable_layer(ParameterView(model.parameters, true)), 0);
}

TEST(EncoderFamilyTest, mpnet_goes_on_from_the_input_of_a_layer_with_the_bits_of_a_whole_pass) {
  Model model(k_mpnet);
  const PackedBatch batch = pack({{5, 6, 7}, {8, 9, 10, 11}});
  const ParameterView view(model.parameters, false);
  const LayerInput start{1, model.encoder->layer_input({view, batch, {}}, 1, batch.tokens())};
  ForwardContext context{view, batch, {}};
  context.start = &start;
  EXPECT_TRUE(same_bits(model.encoder->forward(context), model.embed(batch)));
}

TEST(EncoderFamilyTest, two_positions_of_mpnet_belong_to_no_text) {
  const test::ScratchFolder scratch;
  const std::filesystem::path folder = copy_of_mpnet(scratch);
  EXPECT_EQ(Model(folder).encoder->max_tokens(), 64) << "sentence_bert_config.json says so";
  std::filesystem::remove(folder / "sentence_bert_config.json");
  const Model model(folder);
  EXPECT_EQ(model.encoder->max_tokens(), 256);
  EXPECT_EQ(model.embed(pack({std::vector<std::int64_t>(256, 7)})).size(0), 1);
  EXPECT_THAT(test::message_of<DataError>([&] { model.embed(pack({std::vector<std::int64_t>(257, 7)})); }),
              AllOf(HasSubstr("257 tokens"), HasSubstr("256 positions")));
  EncoderOptions options = Model::options_for(folder);
  options.max_tokens = 257;
  EXPECT_THAT(test::message_of<ConfigError>([&] { const Model refused(options); }),
              AllOf(HasSubstr("encoder.max_tokens = 257"), HasSubstr("256 positions")));
}

TEST(EncoderFamilyTest, refuses_other_buckets_and_the_weights_of_another_family) {
  const test::ScratchFolder scratch;
  const std::filesystem::path folder = copy_of_mpnet(scratch);
  test::change_json(folder / "config.json", {{"relative_attention_num_buckets", 64}});
  EXPECT_THAT(test::message_of<DataError>([&] { read_transformer_config(folder / "config.json"); }),
              AllOf(HasSubstr("relative_attention_num_buckets = 64"), HasSubstr("must be 32")));
  test::change_json(folder / "config.json",
                    {{"relative_attention_num_buckets", 32}, {"model_type", "bert"}, {"type_vocab_size", 2}});
  EXPECT_THAT(test::message_of<DataError>([&] { const Model refused(folder); }),
              HasSubstr("lacks the tensor embeddings.token_type_embeddings.weight"));
}

TEST(EncoderFamilyTest, a_full_export_is_read_back_with_its_pooler) {
  const test::ScratchFolder scratch;
  Model model(k_mpnet);
  model.attach("full");
  at::Tensor& table = model.parameters.value(model.parameters.require("encoder.relative_attention_bias.weight"));
  table.mul_(1.5);
  model.strategy->export_to(scratch.path() / "model", *model.encoder, model.parameters, k_mpnet);
  EXPECT_EQ(read_json(scratch.path() / "model" / "config.json")["model_type"], "mpnet");
  EXPECT_TRUE(WeightFiles(scratch.path() / "model" / "model.safetensors").tensors().contains("pooler.dense.weight"));
  const PackedBatch batch = pack({{5, 6, 7}, {8, 9, 10, 11}});
  EXPECT_TRUE(same_bits(Model(scratch.path() / "model").embed(batch), model.embed(batch)));
}

TEST(EncoderFamilyTest, adapters_say_which_family_they_belong_to) {
  const test::ScratchFolder scratch;
  for (const auto& [base, family, name] : {std::tuple{k_bert, "bert", "BertModel"}, {k_mpnet, "mpnet", "MPNetModel"}}) {
    for (const char* kind : {"lora", "pfeiffer"}) {
      Model model(base);
      model.attach(kind);
      model.strategy->export_to(scratch.path() / kind, *model.encoder, model.parameters, base);
      const nlohmann::json config = read_json(scratch.path() / kind / "adapter_config.json");
      if (std::string_view(kind) == "pfeiffer") {
        EXPECT_EQ(config["model_type"], family);
        EXPECT_EQ(config["model_class"], name);
      } else {
        EXPECT_EQ(config["auto_mapping"]["base_model_class"], name);
        EXPECT_THAT(config["auto_mapping"]["parent_library"].get<std::string>(), HasSubstr(family));
      }
    }
  }
  const BottleneckFolder of_mpnet = read_adapterhub_folder(scratch.path() / "pfeiffer");
  BottleneckFolder of_bert = of_mpnet;
  of_bert.family = "bert";
  EXPECT_THAT(test::message_of<DataError>([&] { expect_form(of_mpnet, of_bert, scratch.path(), "strategy.pfeiffer"); }),
              HasSubstr("for encoders of the family mpnet"));
}

TEST(EncoderFamilyTest, names_lose_the_prefix_of_any_family) {
  EXPECT_EQ(without_family("bert.encoder.layer.0"), "encoder.layer.0");
  EXPECT_EQ(without_family("mpnet.encoder.layer.0"), "encoder.layer.0");
  EXPECT_EQ(without_family("encoder.layer.0"), "encoder.layer.0");
  EXPECT_EQ(without_family("bert"), "bert");
  EXPECT_EQ(find_family("roberta"), nullptr);
}

}  // namespace
}  // namespace coldframe
