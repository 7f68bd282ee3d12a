#include "framework/model/encoder_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/model/encoder_loader.h"
#include "tests/model/encoder_fixture.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using testing::HasSubstr;

class EncoderFolderTest : public testing::Test {
 protected:
  EncoderFolderTest() : folder_(scratch_.copy_of_tiny_encoder()) {}
  void write_pooling(const nlohmann::json& config) { write_json(folder_ / "1_Pooling" / "config.json", config); }
  std::string complaint() {
    return test::message_of<DataError>([&] { read_encoder_folder(folder_); });
  }

  test::ScratchFolder scratch_;
  std::filesystem::path folder_;
};

TEST_F(EncoderFolderTest, reads_modules_with_an_absent_normalize_folder) {
  EXPECT_FALSE(std::filesystem::exists(folder_ / "2_Normalize"));
  const EncoderFolder folder = read_encoder_folder(folder_);
  EXPECT_EQ(folder.pooling, Pooling::mean);
  EXPECT_EQ(folder.normalization, Normalization::unit_length);
  EXPECT_EQ(folder.max_tokens, 64);
  EXPECT_EQ(folder.pooled_width, 64);
}

TEST_F(EncoderFolderTest, reads_old_and_new_pooling_keys) {
  write_pooling(
      {{"word_embedding_dimension", 64}, {"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", false}});
  EXPECT_EQ(read_encoder_folder(folder_).pooling, Pooling::cls);
  write_pooling({{"embedding_dimension", 64}, {"pooling_mode", "cls"}, {"include_prompt", true}});
  EXPECT_EQ(read_encoder_folder(folder_).pooling, Pooling::cls);
  write_pooling({{"embedding_dimension", 64}, {"pooling_mode", "mean"}});
  EXPECT_EQ(read_encoder_folder(folder_).pooling, Pooling::mean);
}

TEST_F(EncoderFolderTest, newest_module_paths_and_a_transformer_in_a_sub_folder) {
  std::filesystem::create_directory(folder_ / "0_Transformer");
  for (const char* name : {"config.json", "model.safetensors"}) {
    std::filesystem::rename(folder_ / name, folder_ / "0_Transformer" / name);
  }
  write_json(folder_ / "modules.json",
             {{{"idx", 0},
               {"name", "0"},
               {"path", "0_Transformer"},
               {"type", "sentence_transformers.base.modules.transformer.Transformer"}},
              {{"idx", 1},
               {"name", "1"},
               {"path", "1_Pooling"},
               {"type", "sentence_transformers.sentence_transformer.modules.pooling.Pooling"}}});
  const test::Model model(folder_);
  EXPECT_EQ(model.encoder->normalization(), Normalization::none);
  EXPECT_EQ(model.encoder->max_tokens(), 128);
}

TEST_F(EncoderFolderTest, refuses_modules_and_poolings_that_would_change_the_embedding) {
  write_pooling({{"pooling_mode_mean_tokens", true}, {"pooling_mode_max_tokens", true}});
  EXPECT_THAT(complaint(), HasSubstr("pooling_mode_max_tokens = true"));
  write_pooling({{"pooling_mode_mean_tokens", true}, {"pooling_mode_cls_token", true}});
  EXPECT_THAT(complaint(), HasSubstr("exactly one"));
  write_pooling({{"pooling_mode", "lasttoken"}});
  EXPECT_THAT(complaint(), HasSubstr("pooling_mode = \"lasttoken\""));
  write_pooling({{"pooling_mode", "mean"}, {"include_prompt", false}});
  EXPECT_THAT(complaint(), HasSubstr("include_prompt"));
  nlohmann::json modules = read_json(folder_ / "modules.json");
  modules[2]["type"] = "sentence_transformers.models.Dense";
  write_json(folder_ / "modules.json", modules);
  write_pooling({{"pooling_mode", "mean"}});
  EXPECT_THAT(complaint(), HasSubstr("Transformer, Pooling, Dense"));
  write_json(folder_ / "modules.json", nlohmann::json::object());
  EXPECT_THAT(complaint(), HasSubstr("no list of modules"));
}

TEST_F(EncoderFolderTest, a_plain_hugging_face_folder_has_mean_pooling) {
  std::filesystem::remove(folder_ / "modules.json");
  std::filesystem::remove(folder_ / "sentence_bert_config.json");
  const test::Model model(folder_);
  EXPECT_EQ(model.encoder->pooling(), Pooling::mean);
  EXPECT_EQ(model.encoder->normalization(), Normalization::none);
  EXPECT_EQ(model.encoder->max_tokens(), 128);
}

TEST_F(EncoderFolderTest, options_override_the_folder) {
  EncoderOptions options = test::Model::options_for(folder_);
  options.pooling = "cls";
  options.normalize = "no";
  options.max_tokens = 100;
  const test::Model model(options);
  EXPECT_EQ(model.encoder->pooling(), Pooling::cls);
  EXPECT_EQ(model.encoder->normalization(), Normalization::none);
  EXPECT_EQ(model.encoder->max_tokens(), 100);
  options.max_tokens = 129;
  EXPECT_THROW(test::Model{options}, ConfigError);
}

TEST_F(EncoderFolderTest, pooling_of_another_width_and_a_missing_folder_are_errors) {
  write_pooling({{"embedding_dimension", 32}, {"pooling_mode", "mean"}});
  EXPECT_THAT(test::message_of<DataError>([&] { test::Model model(folder_); }), HasSubstr("for width 32"));
  EXPECT_THAT(test::message_of<DataError>([&] { read_encoder_folder(scratch_.path() / "absent"); }),
              HasSubstr("is not a folder"));
}

}  // namespace
}  // namespace coldframe
