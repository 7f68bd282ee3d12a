#include "framework/text/vocabulary_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class VocabularyFile : public ::testing::Test {
 protected:
  std::vector<std::pair<std::string, TokenId>> read(std::string_view content) {
    std::ofstream(folder_.path() / "vocab.txt", std::ios::binary) << content;
    return read_vocabulary_file(folder_.path() / "vocab.txt");
  }
  std::string error(std::string_view content) {
    try {
      read(content);
    } catch (const DataError& failure) {
      return failure.what();
    }
    return "no error";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(VocabularyFile, numbers_its_lines_from_zero) {
  EXPECT_THAT(read("[PAD]\n##s\nthé\n"), ElementsAre(Pair("[PAD]", 0), Pair("##s", 1), Pair("thé", 2)));
  EXPECT_THAT(read("a\nb"), ElementsAre(Pair("a", 0), Pair("b", 1)));  // without a last line end
}

TEST_F(VocabularyFile, keeps_odd_white_space_as_tokens) {
  EXPECT_THAT(read("a\n\u2028\n\r\n \n"), ElementsAre(Pair("a", 0), Pair("\u2028", 1), Pair("\r", 2), Pair(" ", 3)));
}

TEST_F(VocabularyFile, with_crlf_line_ends_is_refused) {
  EXPECT_THAT(error("[PAD]\r\nthe\r\n"), HasSubstr("vocab.txt:1: CRLF line end"));
}

TEST_F(VocabularyFile, that_is_empty_or_holds_empty_lines_is_refused) {
  EXPECT_THAT(error(""), HasSubstr("is empty"));
  EXPECT_THAT(error("a\n\nb\n"), HasSubstr("vocab.txt:2: empty line"));
  EXPECT_THAT(error("a\nb\n\n"), HasSubstr("vocab.txt:3: empty line"));
}

TEST_F(VocabularyFile, with_a_repeated_token_is_refused) {
  EXPECT_THAT(error("a\nb\na\n"), HasSubstr("vocab.txt:3: token \"a\" stands in line 1 already"));
}

TEST_F(VocabularyFile, that_is_not_utf8_is_refused) {
  EXPECT_THAT(error("a\nb\xff\n"), HasSubstr("vocab.txt:2: byte 2 is not UTF-8"));
}

TEST_F(VocabularyFile, that_is_absent_is_an_io_error) {
  EXPECT_THROW(read_vocabulary_file(folder_.path() / "absent.txt"), IoError);
}

}  // namespace
}  // namespace coldframe
