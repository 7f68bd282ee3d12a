#include "framework/text/tokenizer_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/text/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json tiny_tokenizer_json() {
  return json::parse(R"({
    "version": "1.0", "truncation": {"max_length": 128}, "padding": {"strategy": {"Fixed": 128}},
    "added_tokens": [
      {"id": 1, "content": "[UNK]", "special": true, "normalized": false, "single_word": false, "lstrip": false, "rstrip": false},
      {"id": 5, "content": "[MASK]", "special": true, "normalized": false, "single_word": false, "lstrip": true, "rstrip": false}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
      "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
              "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "the": 4, "[MASK]": 5}}})");
}

class EncoderFolderTest : public ::testing::Test {
 protected:
  void write(const char* name, const std::string& content) {
    std::ofstream(folder_.path() / name, std::ios::binary) << content;
  }
  void write(const char* name, const json& content) { write(name, content.dump()); }
  TokenizerSettings read() const { return read_tokenizer_settings(folder_.path()); }
  std::string error() const {
    try {
      read();
    } catch (const DataError& failure) {
      return failure.what();
    }
    return "no error";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(EncoderFolderTest, reads_tokenizer_json_without_its_truncation) {
  write("tokenizer.json", tiny_tokenizer_json());
  const TokenizerSettings settings = read();
  EXPECT_EQ(settings.vocabulary.size(), 6u);
  EXPECT_THAT(settings.before, ElementsAre(2));
  EXPECT_THAT(settings.after, ElementsAre(3));
  ASSERT_EQ(settings.added.size(), 2u);
  EXPECT_TRUE(settings.added[1].lstrip);
  EXPECT_EQ(settings.pad, 0);
  EXPECT_EQ(settings.mask, 5);
  EXPECT_FALSE(settings.normalizer.strip_accents);
  EXPECT_FALSE(settings.max_tokens);
}

TEST_F(EncoderFolderTest, reads_the_other_post_processors) {
  json document = tiny_tokenizer_json();
  for (const char* type : {"BertProcessing", "RobertaProcessing"}) {
    document["post_processor"] = {{"type", type}, {"sep", {"[SEP]", 3}}, {"cls", {"[CLS]", 2}}};
    write("tokenizer.json", document);
    EXPECT_THAT(read().before, ElementsAre(2));
    EXPECT_THAT(read().after, ElementsAre(3));
  }
}

TEST_F(EncoderFolderTest, takes_the_limit_from_the_most_specific_file) {
  write("tokenizer.json", tiny_tokenizer_json());
  write("config.json", json{{"max_position_embeddings", 512}});
  EXPECT_EQ(read().max_tokens, 512u);
  write("tokenizer_config.json", json{{"model_max_length", 1e30}});
  EXPECT_EQ(read().max_tokens, 512u);
  write("tokenizer_config.json", json{{"model_max_length", 384}});
  EXPECT_EQ(read().max_tokens, 384u);
  write("sentence_bert_config.json", json{{"max_seq_length", nullptr}});
  EXPECT_EQ(read().max_tokens, 384u);
  write("sentence_bert_config.json", json{{"max_seq_length", 256}});
  EXPECT_EQ(read().max_tokens, 256u);
  EXPECT_EQ(Tokenizer::from_folder(folder_.path())->max_tokens(), 256u);
  write("sentence_bert_config.json", json{{"max_seq_length", 513}});
  EXPECT_THAT(error(), HasSubstr("max_position_embeddings = 512"));
  write("sentence_bert_config.json", json{{"max_seq_length", -1}});
  EXPECT_THAT(error(), HasSubstr("\"max_seq_length\" is -1 (expected at least 1)"));
}

TEST_F(EncoderFolderTest, two_positions_of_mpnet_belong_to_no_text) {
  write("tokenizer.json", tiny_tokenizer_json());
  write("config.json", json{{"model_type", "mpnet"}, {"max_position_embeddings", 514}});
  EXPECT_EQ(read().max_tokens, 512u);
  write("sentence_bert_config.json", json{{"max_seq_length", 513}});
  EXPECT_THAT(error(), HasSubstr("max_position_embeddings = 514: 512 tokens fit"));
  write("config.json", json{{"model_type", "mpnet"}, {"max_position_embeddings", 2}});
  EXPECT_THAT(error(), HasSubstr("(expected at least 3)"));
}

TEST_F(EncoderFolderTest, refuses_other_kinds_of_tokenizers_by_name) {
  const std::vector<std::tuple<const char*, json, const char*>> cases = {
      {"model", {{"type", "BPE"}}, "model is BPE"},
      {"model", {{"vocab", {{"a", 0}}}}, "model is without a type"},
      {"model", nullptr, "model is null"},
      {"normalizer", {{"type", "Sequence"}}, "normalizer is Sequence"},
      {"normalizer", nullptr, "normalizer is null"},
      {"pre_tokenizer", {{"type", "Metaspace"}}, "pre_tokenizer is Metaspace"},
      {"post_processor", nullptr, "post_processor is null"},
      {"post_processor", {{"type", "ByteLevel"}}, "post_processor is ByteLevel"},
  };
  for (const auto& [key, value, expected] : cases) {
    json document = tiny_tokenizer_json();
    document[key] = value;
    write("tokenizer.json", document);
    EXPECT_THAT(error(), HasSubstr(expected));
    EXPECT_THAT(error(), HasSubstr("tokenizer.json"));
  }
}

TEST_F(EncoderFolderTest, refuses_a_damaged_tokenizer_json_with_its_place) {
  const auto damaged = [&](const char* pointer, const json& value) {
    json document = tiny_tokenizer_json();
    document[json::json_pointer(pointer)] = value;
    write("tokenizer.json", document);
    return error();
  };
  EXPECT_THAT(damaged("/model/vocab/the", -4), HasSubstr("model: vocab: \"the\" is -4"));
  EXPECT_THAT(damaged("/model/vocab/the", 4294967296), HasSubstr("\"the\" is 4294967296"));
  EXPECT_THAT(damaged("/model/vocab", 3), HasSubstr("model: vocab is not a JSON object"));
  EXPECT_THAT(damaged("/model/unk_token", nullptr), HasSubstr("model has no \"unk_token\""));
  EXPECT_THAT(damaged("/normalizer/lowercase", "yes"), HasSubstr("\"lowercase\" is \"yes\" (expected true or false)"));
  EXPECT_THAT(damaged("/added_tokens/0/id", 4), HasSubstr("\"[UNK]\" has the id 4 (elsewhere in the file it is 1)"));
  EXPECT_THAT(damaged("/added_tokens/1", 4), HasSubstr("added_tokens[1] is not a JSON object"));
  EXPECT_THAT(damaged("/post_processor/special_tokens/[SEP]/ids", {0}), HasSubstr("\"[SEP]\" has the id 0"));
  EXPECT_THAT(damaged("/post_processor/single", json::array()), HasSubstr("the text exactly once"));
  EXPECT_THAT(damaged("/post_processor/single/0/SpecialToken/id", "<s>"), HasSubstr("has no \"<s>\""));
  json document = tiny_tokenizer_json();
  document["post_processor"]["single"].erase(2);
  write("tokenizer.json", document);
  EXPECT_THAT(error(), HasSubstr("puts no token after a text"));
  write("tokenizer.json", tiny_tokenizer_json().dump().substr(0, 700));
  EXPECT_THAT(error(), HasSubstr("is not valid JSON"));
}

TEST_F(EncoderFolderTest, refuses_files_that_contradict_each_other) {
  write("tokenizer.json", tiny_tokenizer_json());
  write("tokenizer_config.json", json{{"do_lower_case", false}});
  EXPECT_THAT(error(), HasSubstr("do_lower_case = false (the normalizer in tokenizer.json says true)"));
  write("tokenizer_config.json", json{{"do_lower_case", true}, {"strip_accents", false}});
  EXPECT_THAT(error(), HasSubstr("strip_accents = false"));
  write("tokenizer_config.json", json{{"tokenize_chinese_chars", false}});
  EXPECT_THAT(error(), HasSubstr("tokenize_chinese_chars = false"));
  write("tokenizer_config.json", json{{"do_lower_case", true}, {"strip_accents", nullptr}});
  EXPECT_EQ(error(), "no error");

  json cased = tiny_tokenizer_json();
  cased["normalizer"]["lowercase"] = false;
  write("tokenizer.json", cased);
  write("tokenizer_config.json", json{{"do_lower_case", false}});
  write("sentence_bert_config.json", json{{"do_lower_case", true}});
  EXPECT_THAT(error(), HasSubstr("tokenizer.json keeps upper case"));
}

TEST_F(EncoderFolderTest, refuses_a_vocabulary_too_large_for_the_encoder) {
  write("tokenizer.json", tiny_tokenizer_json());
  write("config.json", json{{"vocab_size", 6}});
  EXPECT_EQ(error(), "no error");
  write("config.json", json{{"vocab_size", 64}});  // padded embedding tables are common
  EXPECT_EQ(error(), "no error");
  write("config.json", json{{"vocab_size", 5}});
  EXPECT_THAT(error(), HasSubstr("has ids up to 5"));
}

TEST_F(EncoderFolderTest, reads_vocab_txt_with_the_names_of_tokenizer_config) {
  write("vocab.txt", std::string("<s>\n<pad>\n</s>\n[UNK]\nthe\n<mask>\n"));
  write("tokenizer_config.json", json{{"do_lower_case", false},
                                      {"cls_token", "<s>"},
                                      {"sep_token", {{"content", "</s>"}, {"lstrip", false}}},
                                      {"pad_token", "<pad>"},
                                      {"mask_token", "<mask>"},
                                      {"tokenizer_class", "MPNetTokenizer"}});
  const TokenizerSettings settings = read();
  EXPECT_THAT(settings.before, ElementsAre(0));
  EXPECT_THAT(settings.after, ElementsAre(2));
  EXPECT_EQ(settings.pad, 1);
  EXPECT_EQ(settings.mask, 5);
  EXPECT_FALSE(settings.normalizer.lowercase);
  EXPECT_EQ(settings.added.size(), 5u);
}

TEST_F(EncoderFolderTest, refuses_vocab_txt_without_the_special_tokens) {
  write("vocab.txt", std::string("[UNK]\n[CLS]\nthe\n"));
  EXPECT_THAT(error(), HasSubstr("has no line \"[SEP]\" (it is the sep_token)"));
}

TEST_F(EncoderFolderTest, refuses_vocab_txt_of_tokenizers_that_split_differently) {
  write("vocab.txt", std::string("[UNK]\n[CLS]\n[SEP]\n"));
  write("tokenizer_config.json", json{{"tokenizer_class", "BertJapaneseTokenizer"}});
  EXPECT_THAT(error(), HasSubstr("tokenizer_class = BertJapaneseTokenizer"));
}

TEST_F(EncoderFolderTest, without_any_tokenizer_is_an_io_error) {
  EXPECT_THROW(read(), IoError);
  EXPECT_THROW(read_tokenizer_settings(folder_.path() / "absent"), IoError);
}

}  // namespace
}  // namespace coldframe
