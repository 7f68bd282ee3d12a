#include "framework/text/added_tokens.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// "a |<x>=7| b": pieces between bars, ids behind the equals sign.
std::vector<std::string> shown(const AddedTokens& tokens, std::string_view text) {
  std::vector<std::string> result;
  for (const TextPiece& piece : tokens.split(text)) {
    result.push_back(piece.id ? fmt::format("{}={}", piece.text, *piece.id) : std::string(piece.text));
  }
  return result;
}

TEST(AddedTokens, cut_the_text_where_they_stand) {
  const AddedTokens tokens({{.content = "[SEP]", .id = 3, .special = true}});
  EXPECT_THAT(shown(tokens, "a [SEP]b"), ElementsAre("a ", "[SEP]=3", "b"));
  EXPECT_THAT(shown(tokens, "[SEP][SEP]"), ElementsAre("[SEP]=3", "[SEP]=3"));
  EXPECT_THAT(shown(tokens, "[[SEP]]"), ElementsAre("[", "[SEP]=3", "]"));
  EXPECT_THAT(shown(tokens, "[sep] [SEP"), ElementsAre("[sep] [SEP"));
  EXPECT_THAT(shown(tokens, ""), ElementsAre());
}

TEST(AddedTokens, prefer_the_leftmost_and_then_the_longest) {
  const AddedTokens tokens({{.content = "ab", .id = 1}, {.content = "abc", .id = 2}, {.content = "bcd", .id = 3}});
  EXPECT_THAT(shown(tokens, "abcd"), ElementsAre("abc=2", "d"));
  EXPECT_THAT(shown(tokens, "abbcd"), ElementsAre("ab=1", "bcd=3"));
}

TEST(AddedTokens, of_single_words_are_not_found_inside_words) {
  const AddedTokens tokens({{.content = "new", .id = 1, .single_word = true}});
  EXPECT_THAT(shown(tokens, "new"), ElementsAre("new=1"));
  EXPECT_THAT(shown(tokens, "(new)"), ElementsAre("(", "new=1", ")"));
  EXPECT_THAT(shown(tokens, "renew news new_ énew newé 中new"), ElementsAre("renew news new_ énew newé 中new"));
  EXPECT_THAT(shown(tokens, "new\u0301"), ElementsAre("new\u0301"));  // a mark is a word character
}

TEST(AddedTokens, discarded_as_part_of_a_word_hide_what_overlaps_them) {
  const AddedTokens tokens({{.content = "ab", .id = 1, .single_word = true}, {.content = "bc", .id = 2}});
  EXPECT_THAT(shown(tokens, "abc"), ElementsAre("abc"));
}

TEST(AddedTokens, take_white_space_beside_them_when_told_so) {
  const AddedTokens tokens({{.content = "<l>", .id = 1, .lstrip = true}, {.content = "<r>", .id = 2, .rstrip = true}});
  EXPECT_THAT(shown(tokens, "a \u3000<l> b"), ElementsAre("a", " \u3000<l>=1", " b"));
  EXPECT_THAT(shown(tokens, "a <r>\t\nb"), ElementsAre("a ", "<r>\t\n=2", "b"));
  EXPECT_THAT(shown(tokens, "<r>  <l>"), ElementsAre("<r>  =2", "<l>=1"));  // the first one has taken the blanks
  EXPECT_THAT(shown(tokens, "  <l>"), ElementsAre("  <l>=1"));
}

TEST(AddedTokens, refuse_empty_and_equal_contents) {
  EXPECT_THROW(AddedTokens({{.content = "", .id = 1}}), DataError);
  try {
    AddedTokens({{.content = "x", .id = 1}, {.content = "x", .id = 2}});
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"x\" stands twice"));
  }
}

TEST(AddedTokens, survive_ill_formed_text) {
  const AddedTokens tokens({{.content = "x", .id = 1, .single_word = true, .lstrip = true, .rstrip = true}});
  EXPECT_THAT(shown(tokens, "\xff x \xe2\x82"), ElementsAre("\xff", " x =1", "\xe2\x82"));
}

}  // namespace
}  // namespace coldframe
