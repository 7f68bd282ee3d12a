// Prefixes and prompts: tests/support/strategy_forms.h on encoders of both families.

#include "framework/model/virtual_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "framework/core/error.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"
#include "tests/model/scratch_folder.h"
#include "tests/model/shaped_encoder.h"
#include "tests/support/strategy_forms.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using testing::AllOf;
using testing::HasSubstr;

constexpr DropoutContext k_active{.active = true, .seed = 5, .step = 9};
const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

class VirtualTokensTest : public ::testing::TestWithParam<test::StrategyForm> {
 protected:
  static std::filesystem::path base() { return test::tiny_encoder(GetParam().family); }
  void attach(Model& model) const { model.attach(GetParam().kind, *GetParam().options); }
  void train(Model& model) const {
    attach(model);
    for (const ParameterIndex index : model.parameters.trainable()) {
      at::Tensor& value = model.parameters.value(index);
      value.add_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), 0.3));
    }
  }
  void export_model(const Model& model) const {
    model.strategy->export_to(folder(), *model.encoder, model.parameters, base());
  }
  void import_into(Model& model) const { model.strategy->import_from(folder(), *model.encoder, model.parameters); }
  std::string complaint(Model& model) const {
    return test::message_of<DataError>([&] { import_into(model); });
  }
  std::filesystem::path folder() const { return scratch_.path() / "model"; }

  test::ScratchFolder scratch_;
};

TEST_P(VirtualTokensTest, computes_what_the_python_libraries_compute) {
  const nlohmann::json file = test::read_golden("model_prompts.json");
  const nlohmann::json& family = file[GetParam().family == FamilyKind::bert ? "bert" : "mpnet"];
  if (!family["forms"].contains(GetParam().name)) {
    GTEST_SKIP()
        << "transformers begins texts of BERT behind a prefix and lets none into MPNet: the golden file has no "
        << GetParam().name;
  }
  const nlohmann::json& golden = family["forms"][GetParam().name];
  Model model(base());
  attach(model);
  test::set_golden_values(model, file["scale"]);
  test::expect_golden_answers(model, family["texts"], golden);
}

TEST_P(VirtualTokensTest, reads_back_what_it_wrote_folded_or_not) {
  Model trained(base());
  train(trained);
  export_model(trained);
  Model fresh(base());
  attach(fresh);
  const at::Tensor before = fresh.embed(pack(k_texts));
  import_into(fresh);
  EXPECT_TRUE(same_bits(fresh.embed(pack(k_texts)), trained.embed(pack(k_texts))));
  EXPECT_GT((before - trained.embed(pack(k_texts))).abs().max().item<double>(), 1e-3);
  const nlohmann::json config = read_json(folder() / "adapter_config.json");
  EXPECT_EQ(config["num_virtual_tokens"], 5);
  EXPECT_EQ(config["num_layers"], 2);
  EXPECT_EQ(config["num_attention_heads"], 4);
  const WeightFiles file(folder() / "adapter_model.safetensors");
  ASSERT_EQ(file.tensors().size(), 1u);
  EXPECT_EQ(file.read("prompt_embeddings").sizes(), (at::IntArrayRef{5, GetParam().kind == "prompt" ? 64 : 256}));
}

TEST_P(VirtualTokensTest, refuses_another_length_kind_and_base) {
  Model trained(base());
  train(trained);
  export_model(trained);
  Model other(base());
  other.parameters.value(0)[0][0] += 1;
  attach(other);
  EXPECT_THAT(complaint(other), HasSubstr("other weights"));
  Model lora(base());
  lora.attach("lora");
  EXPECT_THAT(complaint(lora), HasSubstr("must be LORA"));
  test::change_json(folder() / "adapter_config.json", {{"num_virtual_tokens", 6}});
  EXPECT_THAT(complaint(trained), AllOf(HasSubstr("num_virtual_tokens = 6"), HasSubstr(".length is 5")));
  test::change_json(folder() / "adapter_config.json", {{"num_virtual_tokens", 5}, {"num_transformer_submodules", 2}});
  EXPECT_THAT(complaint(trained), HasSubstr("num_transformer_submodules = 2"));
}

TEST_P(VirtualTokensTest, does_not_merge_and_takes_no_second) {
  Model model(base());
  attach(model);
  EXPECT_FALSE(model.strategy->merge(*model.encoder, model.parameters));
  ParameterStore others;
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  for (std::size_t i = 0; i < model.parameters.size(); ++i) {
    const auto index = static_cast<ParameterIndex>(i);
    const std::string& name = model.parameters.info(index).name;
    if (!name.starts_with("prefix.") && !name.starts_with("p_tuning") && !name.starts_with("prompt.")) {
      others.add({.name = name}, model.parameters.value(index));
    }
  }
  const auto second = registry.require(GetParam().kind).make(*GetParam().options);
  EXPECT_THAT(test::message_of<ConfigError>([&] { second->attach(*model.encoder, others, {}); }),
              HasSubstr("two strategies put a pr"));
}

TEST_P(VirtualTokensTest, gradients_with_dropout_match_finite_differences) {
  Model model(base());
  train(model);
  EXPECT_GE(test::expect_slopes(model, pack(k_texts), k_active), GetParam().kind == "prompt" ? 1 : 4);
}

TEST_P(VirtualTokensTest, takes_positions_from_texts_when_it_must) {
  const test::ScratchFolder scratch;
  const std::filesystem::path copy = scratch.path() / "encoder";
  std::filesystem::copy(base(), copy, std::filesystem::copy_options::recursive);
  std::filesystem::remove(copy / "sentence_bert_config.json");
  const std::int64_t whole = Model(copy).encoder->max_tokens();
  Model model(copy);
  attach(model);
  const bool takes = GetParam().kind == "prompt" || GetParam().name.ends_with("_shift");
  const std::int64_t longest = whole - (takes ? 5 : 0);
  EXPECT_EQ(model.encoder->max_tokens(), longest);
  EXPECT_EQ(model.embed(pack({test::TokenTexts::value_type(static_cast<std::size_t>(longest), 7)})).size(0), 1);
  EXPECT_THAT(test::message_of<DataError>(
                  [&] { model.embed(pack({test::TokenTexts::value_type(static_cast<std::size_t>(longest) + 1, 7)})); }),
              HasSubstr(std::to_string(longest) + " positions"));
}

INSTANTIATE_TEST_SUITE_P(Forms, VirtualTokensTest,
                         ::testing::ValuesIn(test::on_every_family(test::virtual_token_forms())), test::FormName());

TEST(PrefixStrategyTest, folders_of_other_positions_are_refused_and_those_of_peft_shift) {
  const test::ScratchFolder scratch;
  const std::filesystem::path folder = scratch.path() / "model";
  PTuningOptions stay, shift;
  shift.positions = "shift";
  Model ours(test::tiny_encoder()), theirs(test::tiny_encoder());
  ours.attach("p_tuning_v2", stay);
  theirs.attach("p_tuning_v2", shift);
  const auto import_into = [&](Model& model) { model.strategy->import_from(folder, *model.encoder, model.parameters); };
  const auto complaint = [&](Model& model) { return test::message_of<DataError>([&] { import_into(model); }); };
  ours.strategy->export_to(folder, *ours.encoder, ours.parameters, test::tiny_encoder());
  import_into(ours);
  EXPECT_THAT(complaint(theirs), AllOf(HasSubstr("positions = stay"), HasSubstr("strategy.p_tuning_v2 has")));
  const at::Tensor values = WeightFiles(folder / "adapter_model.safetensors").read("prompt_embeddings");
  write_weights(folder / "adapter_model.safetensors", {{"prompt_embeddings", values}});  // as PEFT does, without notes
  import_into(theirs);
  EXPECT_THAT(complaint(ours), HasSubstr("set positions = shift"));
}

TEST(PrefixStrategyTest, an_imported_prefix_is_trained_on_from_where_it_was) {
  const test::ScratchFolder scratch;
  Model trained(test::tiny_encoder());
  trained.attach("p_tuning_v2");
  trained.strategy->export_to(scratch.path() / "model", *trained.encoder, trained.parameters, test::tiny_encoder());
  Model prefix(test::tiny_encoder());
  prefix.attach("prefix");
  prefix.strategy->import_from(scratch.path() / "model", *prefix.encoder, prefix.parameters);
  const PackedBatch batch = pack(k_texts);
  EXPECT_TRUE(same_bits(prefix.embed(batch), trained.embed(batch)));
  const auto gradients = prefix.gradients(batch, test::golden_uniform("loss", {3, 64}));
  EXPECT_GT(test::norm_of(gradients.at("prefix.layer.1.values.weight")), 1e-4);
}

TEST(PromptStrategyTest, masks_of_tokens_are_those_of_an_encoder_without_a_prompt) {
  const PackedBatch batch = pack(k_texts);
  const PackedLayout plain(batch), prompted(batch, {.prompt = 3});
  ASSERT_EQ(prompted.tokens(), plain.tokens() + 9);
  for (std::int64_t n = 0; n < 3; ++n) {
    const auto text = static_cast<std::size_t>(n);
    for (std::int64_t i = plain.row_offsets[text]; i < plain.row_offsets[text + 1]; ++i) {
      const MaskRow &with = prompted.token_rows[static_cast<std::size_t>(i + 3 * (n + 1))],
                    &without = plain.token_rows[static_cast<std::size_t>(i)];
      EXPECT_EQ(with.token, without.token);
      EXPECT_EQ(with.view_key, without.view_key);
    }
  }
}

TEST(PromptStrategyTest, starts_from_rows_of_the_vocabulary_or_from_noise) {
  Model model(test::tiny_encoder());
  model.attach("prompt");
  const at::Tensor& prompt = model.parameters.value(model.parameters.require("prompt.tokens"));
  const at::Tensor& table = model.parameters.value(model.encoder->token_table());
  std::set<std::int64_t> drawn;
  for (std::int64_t i = 0; i < prompt.size(0); ++i) {
    const at::Tensor distance = (table - prompt[i]).abs().amax(1);
    EXPECT_EQ(distance.min().item<float>(), 0) << "row " << i << " is of no token";
    drawn.insert(distance.argmin().item<std::int64_t>());
  }
  EXPECT_GT(drawn.size(), 10u);
  PromptOptions options;
  options.init = "normal";
  Model noise(test::tiny_encoder());
  noise.attach("prompt", options);
  EXPECT_NEAR(noise.parameters.value(noise.parameters.require("prompt.tokens")).std().item<double>(), 0.02, 0.002);
}

TEST(PromptStrategyTest, a_prompt_that_leaves_no_position_is_refused) {
  PromptOptions options;
  options.length = 126;
  Model model(test::tiny_encoder());
  EXPECT_THAT(test::message_of<ConfigError>([&] { model.attach("prompt", options); }),
              AllOf(HasSubstr("126 positions"), HasSubstr("the encoder has 128")));
}

TEST(PromptStrategyTest, goes_together_with_a_trained_token_table_and_cls_pooling) {
  EncoderOptions cls = Model::options_for(test::tiny_encoder());
  cls.pooling = "cls";
  Model model(cls);
  model.attach("full");
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  const auto prompt = registry.require("prompt").make(PromptOptions());
  prompt->attach(*model.encoder, model.parameters, {});
  const auto gradients = model.gradients(pack(k_texts), test::golden_uniform("loss", {3, 64}));
  EXPECT_GT(test::norm_of(gradients.at("embeddings.word_embeddings.weight")[9]), 1e-4);
  EXPECT_EQ(test::norm_of(gradients.at("embeddings.word_embeddings.weight")[50]), 0);
  EXPECT_GT(test::norm_of(gradients.at("prompt.tokens")), 1e-4);
}

TEST(VirtualTokenCountsTest, are_those_of_the_papers) {
  using Counts = std::pair<std::int64_t, std::int64_t>;  // of BERT-base and MiniLM
  const auto counts = [](std::string_view kind, const Options& options) {
    return Counts(test::trainable_of(test::k_bert_base_shape, kind, options),
                  test::trainable_of(test::k_minilm_shape, kind, options));
  };
  EXPECT_EQ(counts("p_tuning_v2", PTuningOptions()), Counts(368'640, 92'160));  // 2 L p d
  EXPECT_EQ(counts("prompt", PromptOptions()), Counts(15'360, 7'680));          // p d
  // p d + h d + h for what layers share, 2 L d (h + 1) for what they do not: folded to 2 L p d.
  EXPECT_EQ(counts("prefix", PrefixOptions()),
            Counts(20 * 768 + 768 * 769 + 24 * 768 * 769, 20 * 384 + 384 * 385 + 12 * 384 * 385));
}

}  // namespace
}  // namespace coldframe
