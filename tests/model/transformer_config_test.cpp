#include "framework/model/transformer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TransformerConfigTest : public testing::Test {
 protected:
  TransformerConfig read(const nlohmann::json& changes) {
    const std::filesystem::path encoder = scratch_.copy_of_tiny_encoder();
    test::change_json(encoder / "config.json", changes);
    return read_transformer_config(encoder / "config.json");
  }
  std::string complaint(const nlohmann::json& changes) {
    return test::message_of<DataError>([&] { read(changes); });
  }

  test::ScratchFolder scratch_;
};

TEST_F(TransformerConfigTest, reads_what_the_file_says) {
  const TransformerConfig config = read({{"hidden_act", "gelu_new"}, {"layer_norm_eps", 1e-5}});
  EXPECT_EQ(config.layers, 2);
  EXPECT_EQ(config.width, 64);
  EXPECT_EQ(config.heads, 4);
  EXPECT_EQ(config.inner_width, 128);
  EXPECT_EQ(config.positions, 128);
  EXPECT_EQ(config.token_types, 2);
  EXPECT_EQ(config.norm_epsilon, 1e-5);
  EXPECT_EQ(config.activation, Activation::gelu_tanh);
}

TEST_F(TransformerConfigTest, names_file_key_and_value_of_what_it_cannot_take) {
  EXPECT_THAT(complaint({{"model_type", "t5"}}), AllOf(HasSubstr("model_type = \"t5\""), HasSubstr("config.json")));
  EXPECT_THAT(complaint({{"position_embedding_type", "relative_key"}}), HasSubstr("only absolute positions"));
  EXPECT_THAT(complaint({{"hidden_act", "silu"}}), HasSubstr("hidden_act = \"silu\""));
  EXPECT_THAT(complaint({{"is_decoder", true}}), HasSubstr("only plain encoders"));
  EXPECT_THAT(complaint({{"num_attention_heads", 7}}), HasSubstr("must divide hidden_size = 64"));
  EXPECT_THAT(complaint({{"hidden_size", nullptr}}), HasSubstr("lacks the key hidden_size"));
  EXPECT_THAT(complaint({{"hidden_size", "64"}}), HasSubstr("hidden_size = \"64\""));
  EXPECT_THAT(complaint({{"hidden_size", 64.5}}), HasSubstr("must be a whole number"));
  EXPECT_THAT(complaint({{"num_hidden_layers", -1}}), HasSubstr("num_hidden_layers = -1"));
  EXPECT_THAT(complaint({{"vocab_size", 18446744073709551615ull}}), HasSubstr("vocab_size"));
  EXPECT_THAT(complaint({{"hidden_dropout_prob", 1.0}}), HasSubstr("below 1"));
}

TEST_F(TransformerConfigTest, refuses_what_is_no_json_object) {
  const std::filesystem::path file = scratch_.path() / "config.json";
  test::write_text(file, "[1]");
  EXPECT_THROW(read_transformer_config(file), DataError);
  test::write_text(file, "{\"hidden_size\": 64");
  EXPECT_THROW(read_transformer_config(file), DataError);
  EXPECT_THROW(read_transformer_config(scratch_.path() / "absent.json"), IoError);
}

}  // namespace
}  // namespace coldframe
