#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/core/json.h"
#include "framework/text/tokenizer.h"
#include "framework/text/tokenizer_json.h"
#include "framework/text/tokenizer_settings.h"
#include "tests/text/golden_texts.h"

namespace coldframe {
namespace {

void expect_golden(const Tokenizer& tokenizer, const std::string& name,
                   std::size_t max_tokens = Tokenizer::k_no_limit) {
  const std::vector<std::string> lines = testing::golden_lines();
  const std::vector<std::vector<TokenId>> expected = testing::golden_ids(name);
  ASSERT_GE(lines.size(), 2000u);
  ASSERT_EQ(lines.size(), expected.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < lines.size() && wrong < 5; ++i) {
    const std::vector<TokenId> ids = tokenizer.encode(lines[i], max_tokens);
    if (ids == expected[i]) continue;
    ++wrong;
    ADD_FAILURE() << "line " << i << ": " << nlohmann::json(lines[i]).dump(-1, ' ', true) << "\nexpected "
                  << ::testing::PrintToString(expected[i]) << "\nreceived " << ::testing::PrintToString(ids);
  }
}

struct Variant {
  const char* name;
  NormalizerSettings normalizer;
  std::size_t max_tokens = Tokenizer::k_no_limit;
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

class TokenizerGolden : public ::testing::TestWithParam<Variant> {};

TEST_P(TokenizerGolden, gives_the_ids_of_the_fast_tokenizer) {
  TokenizerSettings settings = read_tokenizer_json(testing::golden_folder() / "cased" / "tokenizer.json");
  settings.normalizer = GetParam().normalizer;
  expect_golden(Tokenizer(settings), GetParam().name, GetParam().max_tokens);
}

INSTANTIATE_TEST_SUITE_P(Variants, TokenizerGolden,
                         ::testing::Values(Variant{"cased", {.lowercase = false}}, Variant{"lowercase", {}},
                                           Variant{"strip_accents", {.strip_accents = true, .lowercase = false}},
                                           Variant{"lowercase_keep_accents",
                                                   {.strip_accents = false, .lowercase = true}},
                                           Variant{"keep_controls", {.clean_text = false}},
                                           Variant{"keep_chinese", {.handle_chinese_chars = false}},
                                           Variant{"truncated_8", {.lowercase = false}, 8}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(TokenizerGoldenFiles, cased_folder_is_read_as_it_is) {
  expect_golden(*Tokenizer::from_folder(testing::golden_folder() / "cased"), "cased");
}

TEST(TokenizerGoldenFiles, ill_formed_utf8_counts_as_replacement_characters) {
  const auto tokenizer = Tokenizer::from_folder(testing::golden_folder() / "cased");
  const nlohmann::json cases = read_json(testing::golden_folder() / "broken_utf8.json");
  ASSERT_GE(cases.size(), 200u);
  for (const nlohmann::json& entry : cases) {
    const auto hex = entry[0].get<std::string>();
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    EXPECT_EQ(testing::ids_checksum(tokenizer->encode(bytes)), entry[1].get<std::string>()) << hex;
  }
}

void expect_checksums(const Tokenizer& tokenizer, const std::string& name) {
  const std::vector<std::string> lines = testing::golden_lines();
  const nlohmann::json expected = read_json(testing::golden_folder() / "mpnet.json").at(name);
  ASSERT_EQ(lines.size(), expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(testing::ids_checksum(tokenizer.encode(lines[i], Tokenizer::k_no_limit)), expected[i].get<std::string>())
        << "line " << i << ": " << nlohmann::json(lines[i]).dump(-1, ' ', true);
  }
}

TEST(MpnetTokenizerGolden, gives_the_ids_of_the_fast_tokenizer_with_and_without_tokenizer_json) {
  const auto whole = Tokenizer::from_folder(testing::tiny_mpnet_folder());
  EXPECT_EQ(whole->special_tokens().cls, 0);
  EXPECT_EQ(whole->special_tokens().pad, 1);
  EXPECT_EQ(whole->special_tokens().sep, 2);
  EXPECT_EQ(whole->special_tokens().mask, 198);
  EXPECT_EQ(whole->encode("a <mask>"), whole->encode("a<mask>")) << "the mask takes in the space before it";
  expect_checksums(*whole, "tiny");
  const auto folder = std::filesystem::temp_directory_path() / ("coldframe_mpnet_" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  std::filesystem::copy_file(testing::tiny_mpnet_folder() / "vocab.txt", folder / "vocab.txt");
  std::ofstream(folder / "tokenizer_config.json") << R"({"tokenizer_class": "MPNetTokenizer"})";
  const auto vocabulary = Tokenizer::from_folder(folder);
  EXPECT_EQ(vocabulary->fingerprint(), whole->fingerprint());
  EXPECT_EQ(vocabulary->special_tokens().pad, 1);
  std::filesystem::remove_all(folder);
}

TEST(MpnetTokenizerGolden, so_does_that_of_all_mpnet_base_v2) {
  if (!std::filesystem::exists(testing::mpnet_folder() / "tokenizer.json")) {
    GTEST_SKIP() << "no encoder in " << testing::mpnet_folder() << ": run make encoder-mpnet";
  }
  const auto tokenizer = Tokenizer::from_folder(testing::mpnet_folder());
  EXPECT_EQ(tokenizer->vocabulary_size(), 30527u);
  EXPECT_EQ(tokenizer->max_tokens(), 384u);
  expect_checksums(*tokenizer, "base");
}

class DefaultEncoder : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(testing::minilm_folder() / "tokenizer.json")) {
      GTEST_SKIP() << "no encoder in " << testing::minilm_folder() << ": run cluster/setup.sh";
    }
  }
};

TEST_F(DefaultEncoder, gives_the_ids_of_the_fast_tokenizer) {
  const auto tokenizer = Tokenizer::from_folder(testing::minilm_folder());
  EXPECT_EQ(tokenizer->vocabulary_size(), 30522u);
  EXPECT_EQ(tokenizer->max_tokens(), 256u);  // not the 128 of its tokenizer.json
  expect_golden(*tokenizer, "minilm", Tokenizer::k_no_limit);
}

TEST_F(DefaultEncoder, gives_the_same_ids_from_vocab_txt_alone) {
  const auto folder = std::filesystem::temp_directory_path() / ("coldframe_vocab_" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  for (const char* name : {"vocab.txt", "tokenizer_config.json", "sentence_bert_config.json", "config.json"}) {
    std::filesystem::copy_file(testing::minilm_folder() / name, folder / name);
  }
  const auto tokenizer = Tokenizer::from_folder(folder);
  EXPECT_EQ(tokenizer->fingerprint(), Tokenizer::from_folder(testing::minilm_folder())->fingerprint());
  expect_golden(*tokenizer, "minilm");
  std::filesystem::remove_all(folder);
}

TEST_F(DefaultEncoder, gives_the_same_ids_on_all_movielens_titles) {
  const char* deps = std::getenv("COLDFRAME_DEPS_DIR");
  const std::filesystem::path items = std::filesystem::path(deps) / "movielens-100k" / "ml-100k.item";
  if (!std::filesystem::exists(items)) GTEST_SKIP() << "no MovieLens-100K at " << items << ": run cluster/setup.sh";
  const auto tokenizer = Tokenizer::from_folder(testing::minilm_folder());
  std::ifstream rows(items);
  std::ifstream golden(testing::golden_folder() / "movielens_titles.txt");
  std::string row;
  std::getline(rows, row);
  ASSERT_EQ(row.substr(0, row.find(':')), "item_id");
  std::size_t titles = 0;
  for (std::string expected; std::getline(golden, expected); ++titles) {
    ASSERT_TRUE(std::getline(rows, row));
    const std::size_t begin = row.find('\t') + 1;
    const std::string title = row.substr(begin, row.find('\t', begin) - begin);
    EXPECT_EQ(testing::ids_checksum(tokenizer->encode(title, Tokenizer::k_no_limit)), expected)
        << "item row " << titles;
  }
  EXPECT_EQ(titles, 1682u);
}

}  // namespace
}  // namespace coldframe
