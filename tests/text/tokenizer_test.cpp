#include "framework/text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/text/tokenizer_settings.h"
#include "tests/text/golden_texts.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TokenizerTest : public ::testing::Test {
 protected:
  /// The ids between [CLS] and [SEP].
  std::vector<TokenId> inner(std::string_view text) const {
    std::vector<TokenId> ids = tokenizer_.encode(text);
    EXPECT_EQ(ids.front(), 2);
    EXPECT_EQ(ids.back(), 3);
    return {ids.begin() + 1, ids.end() - 1};
  }
  Tokenizer tokenizer_{testing::tiny_settings()};
};

TEST_F(TokenizerTest, splits_words_into_pieces) {
  EXPECT_THAT(inner("The film Plays!"), ElementsAre(8, 9, 5, 7, 13));
  EXPECT_THAT(inner("unaffable café"), ElementsAre(10, 11, 12, 14, 15));  // the accent goes
}

TEST_F(TokenizerTest, gives_only_the_special_tokens_for_nothing) {
  EXPECT_THAT(inner(""), ElementsAre());
  EXPECT_THAT(inner(" \t\n\u3000"), ElementsAre());
}

TEST_F(TokenizerTest, finds_special_tokens_in_the_text_as_they_stand) {
  EXPECT_THAT(inner("the[MASK]!"), ElementsAre(8, 4, 13));
  EXPECT_THAT(inner("[SEP]"), ElementsAre(3));
  EXPECT_THAT(inner("[sep]"), ElementsAre(1, 1, 1));  // "[", "sep", "]"
}

TEST_F(TokenizerTest, makes_over_long_words_unknown) {
  std::string word = "play";
  for (int i = 0; i < 96; ++i) word += 's';
  EXPECT_EQ(inner(word).size(), 97u);  // exactly 100 characters
  EXPECT_THAT(inner(word + "s"), ElementsAre(1));
  EXPECT_THAT(inner(word + "s film"), ElementsAre(1, 9));
}

TEST_F(TokenizerTest, counts_characters_of_long_words_after_normalisation) {
  std::string word;
  for (int i = 0; i < 96; ++i) word += "s\u0301";
  EXPECT_EQ(inner("play" + word).size(), 97u);
}

TEST_F(TokenizerTest, truncates_on_the_right_and_keeps_the_special_tokens) {
  EXPECT_THAT(tokenizer_.encode("the film plays", 5), ElementsAre(2, 8, 9, 5, 3));  // in the middle of a word
  EXPECT_THAT(tokenizer_.encode("the film plays", 2), ElementsAre(2, 3));
  EXPECT_THAT(tokenizer_.encode("[MASK][MASK][MASK]", 3), ElementsAre(2, 4, 3));
  EXPECT_THROW((void)tokenizer_.encode("the", 1), ConfigError);
}

TEST_F(TokenizerTest, truncated_ids_are_the_first_ids) {
  const std::string text = "The film [MASK] plays! unaffable playing 中 [SEP] xx the, film.";
  const std::vector<TokenId> whole = inner(text);
  for (std::size_t most = 2; most < whole.size() + 4; ++most) {
    const std::vector<TokenId> ids = tokenizer_.encode(text, most);
    const std::size_t kept = std::min(whole.size(), most - 2);
    ASSERT_EQ(ids.size(), kept + 2);
    ASSERT_TRUE(std::equal(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept), ids.begin() + 1));
  }
}

TEST_F(TokenizerTest, knows_its_special_tokens_and_its_size) {
  EXPECT_EQ(tokenizer_.special_tokens().unk, 1);
  EXPECT_EQ(tokenizer_.special_tokens().cls, 2);
  EXPECT_EQ(tokenizer_.special_tokens().sep, 3);
  EXPECT_EQ(tokenizer_.vocabulary_size(), 20u);
  EXPECT_EQ(tokenizer_.max_tokens(), Tokenizer::k_no_limit);
  EXPECT_EQ(tokenizer_.find("##ing"), 6);
  EXPECT_FALSE(tokenizer_.find("ing"));
}

TEST_F(TokenizerTest, fingerprint_follows_everything_that_changes_ids) {
  const auto fingerprint = [](auto change) {
    TokenizerSettings settings = testing::tiny_settings();
    change(settings);
    return Tokenizer(settings).fingerprint();
  };
  std::vector<std::string> all = {
      tokenizer_.fingerprint(),
      fingerprint([](auto& s) { s.normalizer.lowercase = false; }),
      fingerprint([](auto& s) { s.normalizer.strip_accents = false; }),
      fingerprint([](auto& s) { s.normalizer.clean_text = false; }),
      fingerprint([](auto& s) { s.normalizer.handle_chinese_chars = false; }),
      fingerprint([](auto& s) { std::swap(s.vocabulary[5].first, s.vocabulary[8].first); }),
      fingerprint([](auto& s) { s.max_chars_per_word = 99; }),
      fingerprint([](auto& s) { s.continuing_prefix = "#"; }),
      fingerprint([](auto& s) { s.added.pop_back(); }),
      fingerprint([](auto& s) { s.added[4].lstrip = true; }),
      fingerprint([](auto& s) { s.after = {4}; }),
  };
  EXPECT_EQ(fingerprint([](auto&) {}), all[0]);
  EXPECT_EQ(fingerprint([](auto& s) { s.normalizer.strip_accents = true; }), all[0]);  // what it was anyway
  EXPECT_EQ(all[0].size(), 64u);
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
}

TEST(Tokenizer, refuses_a_vocabulary_without_the_unknown_token) {
  TokenizerSettings settings = testing::tiny_settings();
  settings.unk_token = "<unk>";
  try {
    Tokenizer{settings};
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"<unk>\""));
  }
}

TEST(Tokenizer, counts_added_tokens_beyond_the_vocabulary_in_its_size) {
  TokenizerSettings settings = testing::tiny_settings();
  settings.added.push_back({.content = "<user>", .id = 40});
  EXPECT_EQ(Tokenizer(settings).vocabulary_size(), 41u);
}

TEST(Tokenizer, matches_normalized_added_tokens_in_any_spelling) {
  TokenizerSettings settings = testing::tiny_settings();
  settings.added.push_back({.content = "New York", .id = 40, .normalized = true});
  EXPECT_THAT(Tokenizer(settings).encode("the NEW YÖRK film"), ElementsAre(2, 8, 40, 9, 3));
}

std::string random_bytes(std::uint64_t key, std::uint32_t length) {
  const KeyedRandom random(5, Purpose::initialisation);
  std::string bytes;
  for (std::uint32_t i = 0; i < length; ++i) {
    const PhiloxBlock block = random.block(UserKey(key), i);
    // A third from printable ASCII, else any byte: both long words and broken sequences occur.
    bytes.push_back(static_cast<char>(block[0] % 3 == 0 ? 32 + block[1] % 95 : block[1] % 256));
  }
  return bytes;
}

TEST(TokenizerFuzz, random_bytes_give_ids_of_the_vocabulary) {
  const Tokenizer tokenizer(testing::tiny_settings());
  for (std::uint64_t key = 0; key < 3000; ++key) {
    const std::string bytes = random_bytes(key, static_cast<std::uint32_t>(key % 97));
    const std::vector<TokenId> ids = tokenizer.encode(bytes, 2 + key % 30);
    ASSERT_LE(ids.size(), 2 + key % 30);
    for (const TokenId id : ids) ASSERT_TRUE(id >= 0 && id < 20);
  }
}

TEST(TokenizerFuzz, texts_side_by_side_give_the_ids_side_by_side) {
  const auto tokenizer = Tokenizer::from_folder(testing::golden_folder() / "cased");
  const std::vector<std::string> lines = testing::golden_lines();
  const TokenId sep = tokenizer->special_tokens().sep;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    // A [SEP] between two texts keeps them apart; one that could join it ("[SEP][SEP]") is left out.
    if (lines[i].ends_with(']') || lines[i + 1].starts_with('[')) continue;
    std::vector<TokenId> expected = tokenizer->encode(lines[i]);
    expected.back() = sep;
    const std::vector<TokenId> second = tokenizer->encode(lines[i + 1]);
    expected.insert(expected.end(), second.begin() + 1, second.end());
    ASSERT_EQ(tokenizer->encode(lines[i] + "[SEP]" + lines[i + 1]), expected) << lines[i] << "|" << lines[i + 1];
  }
}

TEST(TokenizerFuzz, threads_share_one_tokenizer) {
  const auto tokenizer = Tokenizer::from_folder(testing::golden_folder() / "cased");
  const std::vector<std::string> lines = testing::golden_lines();
  const auto encode_all = [&](std::vector<std::vector<TokenId>>& out) {
    for (const std::string& line : lines) out.push_back(tokenizer->encode(line));
  };
  std::vector<std::vector<std::vector<TokenId>>> results(3);
  std::vector<std::thread> threads;
  for (auto& result : results) threads.emplace_back(encode_all, std::ref(result));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace coldframe
