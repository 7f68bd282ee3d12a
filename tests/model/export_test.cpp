#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/model/adapterhub_folder.h"
#include "framework/model/encoder_digest.h"
#include "framework/model/full_strategy.h"
#include "framework/model/lora_strategy.h"
#include "framework/model/peft_folder.h"
#include "framework/model/pfeiffer_strategy.h"
#include "framework/model/sentence_transformers_folder.h"
#include "framework/model/weight_files.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using test::Model;
using test::pack;
using test::same_bits;
using testing::HasSubstr;

const test::TokenTexts k_texts = {{4, 5}, {6, 7, 8}, {9, 10, 11, 12}};

class ExportTest : public testing::Test {
 protected:
  /// A model whose trained parameters are not the initial ones.
  void train(Model& model, std::string_view kind) {
    model.attach(kind);
    for (const ParameterIndex index : model.parameters.trainable()) {
      at::Tensor& value = model.parameters.value(index);
      value.add_(test::golden_uniform(model.parameters.info(index).name, value.sizes(), 0.05));
    }
  }
  void export_model(const Model& model) {
    model.strategy->export_to(folder(), *model.encoder, model.parameters, test::tiny_encoder());
  }
  void import_into(Model& model) { model.strategy->import_from(folder(), *model.encoder, model.parameters); }
  std::filesystem::path folder() const { return scratch_.path() / "model"; }
  std::string import_complaint(Model& model) {
    return test::message_of<DataError>([&] { import_into(model); });
  }

  test::ScratchFolder scratch_;
};

TEST_F(ExportTest, every_strategy_reads_back_what_it_wrote) {
  for (const char* kind : {"frozen", "full", "lora", "pfeiffer", "houlsby", "parallel"}) {
    Model trained(test::tiny_encoder());
    train(trained, kind);
    export_model(trained);
    Model fresh(test::tiny_encoder());
    fresh.attach(kind);
    import_into(fresh);
    for (std::size_t i = 0; i < trained.parameters.size(); ++i) {
      const auto index = static_cast<ParameterIndex>(i);
      EXPECT_TRUE(same_bits(fresh.parameters.value(index), trained.parameters.value(index)))
          << kind << " " << trained.parameters.info(index).name;
    }
    EXPECT_TRUE(same_bits(fresh.embed(pack(k_texts)), trained.embed(pack(k_texts)))) << kind;
  }
}

TEST_F(ExportTest, a_full_export_is_an_encoder_folder_with_everything_of_the_source) {
  Model trained(test::tiny_encoder());
  train(trained, "full");
  export_model(trained);
  const Model loaded(folder());
  EXPECT_EQ(loaded.encoder->max_tokens(), 64);
  EXPECT_TRUE(same_bits(loaded.embed(pack(k_texts)), trained.embed(pack(k_texts))));
  for (const char* name : {"tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"}) {
    EXPECT_EQ(read_file(folder() / name), read_file(test::tiny_encoder() / name));
  }
  const WeightFiles files(folder() / "model.safetensors");
  EXPECT_TRUE(files.tensors().contains("pooler.dense.weight"));
  EXPECT_EQ(files.metadata().at("format"), "pt");
  EXPECT_TRUE(std::filesystem::is_directory(folder() / "2_Normalize"));
}

TEST_F(ExportTest, a_merged_lora_exports_as_a_plain_encoder) {
  Model trained(test::tiny_encoder());
  train(trained, "lora");
  const at::Tensor before = trained.embed(pack(k_texts));
  trained.strategy->merge(*trained.encoder, trained.parameters);
  write_sentence_transformers_folder(folder(), *trained.encoder, trained.parameters, test::tiny_encoder());
  EXPECT_LT((Model(folder()).embed(pack(k_texts)) - before).abs().max().item<float>(), 1e-5);
}

TEST_F(ExportTest, overridden_pooling_is_what_gets_exported) {
  EncoderOptions options = Model::options_for(test::tiny_encoder());
  options.pooling = "cls";
  options.normalize = "no";
  options.max_tokens = 32;
  Model trained(options);
  train(trained, "full");
  export_model(trained);
  const Model loaded(folder());
  EXPECT_EQ(loaded.encoder->pooling(), Pooling::cls);
  EXPECT_EQ(loaded.encoder->normalization(), Normalization::none);
  EXPECT_EQ(loaded.encoder->max_tokens(), 32);
  EXPECT_FALSE(std::filesystem::exists(folder() / "2_Normalize"));
}

TEST_F(ExportTest, adapters_refuse_another_base_encoder) {
  for (const char* kind : {"frozen", "lora", "pfeiffer", "houlsby", "parallel"}) {
    Model trained(test::tiny_encoder());
    train(trained, kind);
    export_model(trained);
    Model other(test::tiny_encoder());
    other.parameters.value(0)[0][0] += 1;
    other.attach(kind);
    EXPECT_THAT(import_complaint(other), HasSubstr("other weights")) << kind;
  }
}

TEST_F(ExportTest, lora_refuses_another_rank_scale_or_set_of_targets) {
  Model trained(test::tiny_encoder());
  train(trained, "lora");
  export_model(trained);
  const auto complaint = [&](const LoraOptions& options) {
    Model model(test::tiny_encoder());
    model.attach("lora", options);
    return import_complaint(model);
  };
  LoraOptions options;
  options.rank = 4;
  EXPECT_THAT(complaint(options), HasSubstr("rank 8 and alpha 16"));
  options = LoraOptions();
  options.alpha = 8;
  EXPECT_THAT(complaint(options), HasSubstr("rank 8 and alpha 8"));
  options = LoraOptions();
  options.targets = {"query", "key", "value"};
  EXPECT_THAT(complaint(options), HasSubstr("has no encoder.layer.0.attention.self.key.lora_A.weight"));
  options.targets = {"query"};
  EXPECT_THAT(complaint(options), HasSubstr("also changes encoder.layer.0.attention.self.value"));
}

TEST_F(ExportTest, peft_folders_of_other_methods_are_refused) {
  Model trained(test::tiny_encoder());
  train(trained, "lora");
  for (const auto& [change, part] : std::vector<std::pair<nlohmann::json, std::string>>{
           {{{"peft_type", "IA3"}}, "peft_type = \"IA3\""},
           {{{"init_lora_weights", "pissa"}}, "init_lora_weights"},
           {{{"lora_bias", true}}, "lora_bias"},
           {{{"alpha_pattern", {{"value", 4}}}}, "alpha 4 for encoder.layer.0.attention.self.value"},
           {{{"rank_pattern", {{"query", "x"}}}}, "object of numbers"},
           {{{"rank_pattern", {{"que(ry", 4}}}}, "regular expression"},
           {{{"use_dora", true}}, "use_dora"},
           {{{"use_rslora", true}}, "use_rslora"},
           {{{"bias", "all"}}, "bias"},
           {{{"rank_pattern", {{"query", 4}}}}, "rank 4 and alpha 16 for encoder.layer.0.attention.self.query"},
           {{{"modules_to_save", {"classifier"}}}, "modules_to_save"}}) {
    export_model(trained);
    test::change_json(folder() / "adapter_config.json", change);
    EXPECT_THAT(import_complaint(trained), HasSubstr(part));
  }
}

TEST_F(ExportTest, damaged_adapters_name_file_and_tensor) {
  Model lora(test::tiny_encoder());
  train(lora, "lora");
  export_model(lora);
  const std::filesystem::path file = folder() / "adapter_model.safetensors";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 4);
  EXPECT_THAT(import_complaint(lora), HasSubstr("adapter_model.safetensors"));
  const at::Tensor values = test::golden_uniform("a", {8, 64});
  const std::string module = "base_model.model.encoder.layer.0.attention.self.query";
  write_weights(file, {{module + ".lora_A.weight", values}});
  EXPECT_THAT(import_complaint(lora), HasSubstr("has no encoder.layer.0.attention.self.query.lora_B.weight"));
  write_weights(file, {{"classifier.weight", values}});
  EXPECT_THAT(import_complaint(lora), HasSubstr("classifier.weight"));

  Model pfeiffer(test::tiny_encoder());
  train(pfeiffer, "pfeiffer");
  export_model(pfeiffer);
  write_weights(folder() / "adapter.safetensors",
                {{"encoder.layer.0.output.adapters.coldframe.adapter_up.bias", test::golden_uniform("a", {64})}});
  EXPECT_THAT(import_complaint(pfeiffer), HasSubstr("adapter_down.0.weight"));
}

TEST_F(ExportTest, an_existing_export_is_replaced_whole) {
  Model lora(test::tiny_encoder());
  train(lora, "lora");
  export_model(lora);
  Model full(test::tiny_encoder());
  train(full, "full");
  export_model(full);
  EXPECT_FALSE(std::filesystem::exists(folder() / "adapter_config.json"));
  EXPECT_TRUE(std::filesystem::exists(folder() / "model.safetensors"));
}

}  // namespace
}  // namespace coldframe
