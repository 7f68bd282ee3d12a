#include "framework/text/wordpiece.h"

#include <gtest/gtest.h>

#include "tests/text/golden_texts.h"

namespace coldframe {
namespace {

class WordPieceTest : public ::testing::Test {
 protected:
  std::vector<TokenId> pieces(std::string_view word, std::size_t chars) const {
    std::vector<TokenId> ids;
    model_.append(word, chars, ids);
    return ids;
  }
  TokenId id(std::string_view token) const { return model_.find(token).value(); }

  WordPiece model_{testing::tiny_settings().vocabulary, "##", 1, 10};
};

TEST_F(WordPieceTest, takes_the_longest_piece_first) {
  EXPECT_EQ(pieces("playing", 7), (std::vector{id("play"), id("##ing")}));
  EXPECT_EQ(pieces("unaffable", 9), (std::vector{id("un"), id("##aff"), id("##able")}));
  EXPECT_EQ(pieces("the", 3), (std::vector{id("the")}));
}

TEST_F(WordPieceTest, makes_one_unknown_token_of_a_word_that_cannot_be_covered) {
  EXPECT_EQ(pieces("playx", 5), (std::vector{model_.unknown()}));
  EXPECT_EQ(pieces("xplay", 5), (std::vector{model_.unknown()}));
  EXPECT_EQ(pieces("ing", 3), (std::vector{model_.unknown()}));  // "##ing" only continues a word
}

TEST_F(WordPieceTest, keeps_what_came_before_an_unknown_word) {
  std::vector<TokenId> ids = {id("the")};
  model_.append("playx", 5, ids);
  EXPECT_EQ(ids, (std::vector{id("the"), model_.unknown()}));
}

TEST_F(WordPieceTest, counts_code_points_against_the_limit) {
  EXPECT_EQ(pieces("playssssss", 10).size(), 7u);
  EXPECT_EQ(pieces("playsssssss", 11), (std::vector{model_.unknown()}));
}

TEST_F(WordPieceTest, never_cuts_through_a_character) {
  EXPECT_EQ(pieces("café", 4), (std::vector{id("caf"), id("##é")}));
  EXPECT_EQ(pieces("caf\xc3\xa8", 4), (std::vector{model_.unknown()}));  // shares its first byte with é
}

TEST(WordPiece, follows_another_prefix_and_none) {
  const std::vector<std::pair<std::string, TokenId>> vocabulary = {{"a", 0}, {"_b", 1}, {"b", 2}, {"_", 3}};
  std::vector<TokenId> ids;
  WordPiece(vocabulary, "_", 9, 100).append("ab", 2, ids);
  EXPECT_EQ(ids, (std::vector<TokenId>{0, 1}));
  ids.clear();
  WordPiece(vocabulary, "", 9, 100).append("ab", 2, ids);
  EXPECT_EQ(ids, (std::vector<TokenId>{0, 2}));
}

}  // namespace
}  // namespace coldframe
