// Compares with the real libraries in .deps/venv-interop: transformers in double and single precision, exports loaded
// by peft and sentence-transformers. The Python side is tests/model/check_interop.py.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <utility>

#include "framework/model/adalora_options.h"
#include "framework/model/combined_changes.h"
#include "framework/model/full_strategy.h"
#include "framework/model/lora_strategy.h"
#include "framework/model/partial_strategy.h"
#include "framework/model/pfeiffer_strategy.h"
#include "framework/model/weight_files.h"
#include "tests/model/embedding_golden.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/gradient_golden.h"
#include "tests/model/scratch_folder.h"
#include "tests/support/strategy_forms.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;

std::filesystem::path interop_python() {
  return test::folder_from("COLDFRAME_DEPS_DIR") / "venv-interop" / "bin" / "python";
}

class InteropTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(interop_python())) {
      GTEST_SKIP() << interop_python().string() << " is missing: the environment with peft and sentence-transformers";
    }
    if (!std::filesystem::exists(test::minilm_encoder())) {
      GTEST_SKIP() << test::minilm_encoder().string() << " is missing";
    }
  }

  /// Texts of 1 to `longest` tokens, by length, beyond the ids that some family pads with.
  static test::TokenTexts texts(std::int64_t longest, std::int64_t vocabulary) {
    test::TokenTexts result;
    for (std::int64_t length = 1; length <= longest; length += 1 + length / 16) {
      const test::GoldenUniform uniform("interop." + std::to_string(length));
      std::vector<std::int64_t>& text = result.emplace_back();
      for (std::int64_t i = 0; i < length; ++i) {
        text.push_back(2 + static_cast<std::int64_t>((uniform(i) + 1) / 2 * static_cast<double>(vocabulary - 2)));
      }
    }
    return result;
  }

  /// Hands texts and embeddings to the Python side, whose verdict is its exit code.
  void expect_agreement(const std::string& check, const Model& model, const std::filesystem::path& base,
                        std::int64_t longest) {
    const test::TokenTexts tokens = texts(longest, model.encoder->vocabulary());
    write_json(scratch_.path() / "texts.json", tokens);
    write_weights(scratch_.path() / "embeddings.safetensors", {{"embeddings", model.embed(pack(tokens))}});
    expect_success(check, base);
  }

  void expect_success(const std::string& check, const std::filesystem::path& base) const {
    const std::filesystem::path script =
        test::folder_from("COLDFRAME_SOURCE_DIR") / "tests" / "model" / "check_interop.py";
    const std::string command = fmt::format("'{}' '{}' {} '{}' '{}'", interop_python().string(), script.string(), check,
                                            base.string(), scratch_.path().string());
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

  /// A trained-looking model, exported.
  void expect_export(const std::string& check, std::string_view kind, const Options& options, double change,
                     const std::filesystem::path& base = test::minilm_encoder()) {
    Model model(base);
    model.attach(kind, options);
    for (const ParameterIndex index : model.parameters.trainable()) {
      at::Tensor& value = model.parameters.value(index);
      value.add_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), change));
    }
    model.strategy->export_to(scratch_.path() / "model", *model.encoder, model.parameters, base);
    expect_agreement(check, model, base, 128);
  }

  test::ScratchFolder scratch_;
};

TEST_F(InteropTest, embeddings_of_1_to_256_tokens_err_at_most_twice_as_much_as_transformers) {
  const Model model(test::minilm_encoder());
  expect_agreement("embeddings", model, test::minilm_encoder(), 256);
}

TEST_F(InteropTest, peft_loads_a_lora_export) {
  LoraOptions options;
  options.targets = {"attention.query", "attention.value", "layer.3.feed_forward.*"};
  expect_export("peft", "lora", options, 0.03);
}

TEST_F(InteropTest, sentence_transformers_loads_a_full_export) {
  expect_export("sentence_transformers", "full", FullOptions(), 0.01);
}

TEST_F(InteropTest, peft_loads_an_adalora_export_that_gave_triplets_up) {
  Model model(test::minilm_encoder());
  AdaloraOptions options;
  options.alpha = 300;
  model.attach("adalora", options);
  for (const ParameterIndex index : model.parameters.trainable()) {
    at::Tensor& value = model.parameters.value(index);
    value.add_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), 0.05));
  }
  // Of map i the triplets (j + i) % 3 = 0 are given up, of the first map all.
  const std::vector<StrategyState> state = model.strategy->training()->state();
  ASSERT_EQ(state[0].name, "adalora.kept");
  ASSERT_EQ(state[1].name, "adalora.chosen");
  state[1].values[0] = 1;
  std::size_t map = 0;
  for (const ParameterIndex index : model.parameters.trainable()) {
    if (!model.parameters.info(index).name.ends_with(".E")) continue;
    for (std::size_t j = 0; j < 12; ++j) {
      if (map > 0 && (j + map) % 3 != 0) continue;
      state[0].values[map * 12 + j] = 0;
      model.parameters.value(index).data_ptr<float>()[j] = 0;
    }
    ++map;
  }
  model.strategy->export_to(scratch_.path() / "model", *model.encoder, model.parameters, test::minilm_encoder());
  expect_agreement("peft", model, test::minilm_encoder(), 128);
}

TEST_F(InteropTest, changed_weights_are_loaded_by_transformers) {
  PartialOptions options;
  options.parameters = {"embeddings.LayerNorm.*", "*.bias"};
  expect_export("changed_weights", "partial", options, 0.02);
}

TEST_F(InteropTest, a_pfeiffer_export_read_by_its_names_computes_the_same) {
  expect_export("pfeiffer", "pfeiffer", PfeifferOptions(), 0.02);
}

class MpnetInteropTest : public InteropTest {
 protected:
  void SetUp() override {
    InteropTest::SetUp();
    if (!IsSkipped() && !std::filesystem::exists(test::mpnet_encoder())) {
      GTEST_SKIP() << test::mpnet_encoder().string() << " is missing: make encoder-mpnet fetches it";
    }
  }
};

TEST_F(MpnetInteropTest, embeddings_of_1_to_384_tokens_err_at_most_twice_as_much_as_transformers) {
  const Model model(test::mpnet_encoder());
  EXPECT_EQ(model.encoder->max_tokens(), 384);
  expect_agreement("embeddings", model, test::mpnet_encoder(), 384);
}

TEST_F(MpnetInteropTest, sentence_transformers_loads_a_full_export) {
  expect_export("sentence_transformers", "full", FullOptions(), 0.003, test::mpnet_encoder());
}

class PeftFormsTest : public InteropTest, public testing::WithParamInterface<FamilyKind> {
 protected:
  void SetUp() override {
    InteropTest::SetUp();
    write_json(scratch_.path() / "texts.json", texts_);
  }
  static std::filesystem::path base() { return test::tiny_encoder(GetParam()); }
  std::filesystem::path folder(const test::StrategyForm& form) const { return scratch_.path() / form.name; }

  const test::TokenTexts texts_ = texts(40, 198);
};

TEST_P(PeftFormsTest, peft_loads_what_every_strategy_writes) {
  for (const test::StrategyForm& form : test::peft_forms(GetParam())) {
    Model model(base());
    model.attach(form.kind, *form.options);
    for (const ParameterIndex index : model.parameters.trainable()) {
      at::Tensor& value = model.parameters.value(index);
      value.add_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), 0.05));
    }
    std::filesystem::create_directory(folder(form));
    model.strategy->export_to(folder(form) / "model", *model.encoder, model.parameters, base());
    write_weights(folder(form) / "embeddings.safetensors", {{"embeddings", model.embed(pack(texts_))}});
  }
  expect_success("peft_reads", base());
}

TEST_P(PeftFormsTest, what_peft_writes_is_read_by_every_strategy) {
  expect_success("peft_writes", base());
  const at::Tensor before = Model(base()).embed(pack(texts_));
  for (const test::StrategyForm& form : test::peft_forms(GetParam())) {
    if (form.name == "dora_pissa") continue;  // PEFT leaves the magnitudes out when it converts PiSSA back
    Model model(base());
    model.attach(form.kind, *form.options);
    model.strategy->import_from(folder(form) / "model", *model.encoder, model.parameters);
    const at::Tensor theirs = WeightFiles(folder(form) / "embeddings.safetensors").read("embeddings");
    EXPECT_LT((model.embed(pack(texts_)) - theirs).abs().max().item<double>(), 1e-5) << form.name;
    EXPECT_GT((before - theirs).abs().max().item<double>(), 1e-3) << form.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, PeftFormsTest, testing::Values(FamilyKind::bert, FamilyKind::mpnet),
                         [](const auto& test) { return std::string(encoder_family(test.param).name); });

/// Two adapters become one change of the encoder; `cat` of PEFT is the exact weighted sum, `ties_svd` of full rank the
/// exact TIES of the formed matrices.
TEST_F(PeftFormsTest, weighted_merges_are_those_of_peft) {
  std::vector<std::map<std::string, at::Tensor>> changes(2);
  const Model plain(test::tiny_encoder());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Model model(test::tiny_encoder());
    model.attach("lora", LoraOptions(), 7 + i);
    for (const ParameterIndex index : model.parameters.trainable()) {
      at::Tensor& value = model.parameters.value(index);
      value.add_(test::golden_uniform(model.parameters.info(index).name + std::to_string(i), value.sizes(), 0.05));
    }
    model.strategy->export_to(scratch_.path() / ("run" + std::to_string(i)), *model.encoder, model.parameters,
                              test::tiny_encoder());
    model.strategy->merge(*model.encoder, model.parameters);
    for (const ParameterIndex index : plain.encoder->parameters()) {
      const std::string& name = plain.parameters.info(index).name;
      changes[i][name] = model.parameters.value(index) - plain.parameters.value(index);
    }
  }
  for (const auto& [name, method] : {std::pair{"linear", MergeMethod::linear}, std::pair{"ties", MergeMethod::ties}}) {
    Model merged(test::tiny_encoder());
    for (const ParameterIndex index : merged.encoder->parameters()) {
      const std::string& weight = merged.parameters.info(index).name;
      merged.parameters.value(index).add_(combined_change({changes[0][weight], changes[1][weight]},
                                                          {.method = method, .weights = {0.7, -0.4}, .density = 0.3},
                                                          weight));
    }
    write_weights(scratch_.path() / (std::string(name) + ".safetensors"), {{"embeddings", merged.embed(pack(texts_))}});
  }
  expect_success("peft_weighted", test::tiny_encoder());
}

class MinilmTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(test::minilm_encoder())) {
      GTEST_SKIP() << test::minilm_encoder().string() << " is missing: cluster/setup.sh unpacks it";
    }
  }
  const nlohmann::json golden_ = test::read_golden("model_minilm.json");
};

TEST_F(MinilmTest, embeddings_match_double_precision) {
  const Model model(test::minilm_encoder());
  test::expect_embeddings(model.embed(pack(golden_["texts"].get<test::TokenTexts>())), golden_["embeddings"][0]);
}

TEST_F(MinilmTest, full_gradients_match_transformers) {
  Model model(test::minilm_encoder());
  model.attach("full");
  EXPECT_EQ(model.parameters.trainable_count(), 22'565'376);
  test::expect_gradients(model, golden_, "full");
}

TEST_F(MinilmTest, lora_gradients_match_peft) {
  Model model(test::minilm_encoder());
  model.attach("lora");
  EXPECT_EQ(model.parameters.trainable_count(), 73'728);
  test::expect_gradients(model, golden_, "lora");
}

}  // namespace
}  // namespace coldframe
