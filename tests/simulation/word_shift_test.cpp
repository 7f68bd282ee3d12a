#include "framework/simulation/word_shift.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/text/thesaurus.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

SynonymSource table(std::map<std::string, std::vector<std::string>> words) {
  return [words = std::move(words)](const std::string& word) {
    const auto found = words.find(word);
    return found == words.end() ? std::vector<std::string>() : found->second;
  };
}

const SynonymSource k_people = table({{"man", {"bloke"}},
                                      {"woman", {"lady"}},
                                      {"student", {"pupil"}},
                                      {"old", {"aged"}},
                                      {"sql", {"query language"}},
                                      {"a", {"angstrom"}},
                                      {"\xC3\xA9tudiant", {"\xC3\xA9l\xC3\xA8ve"}},
                                      {"1999", {"year"}}});

TEST(WordShift, puts_synonyms_in_the_place_of_words_and_leaves_the_rest_of_the_text) {
  const WordShift all(k_people, 1.0, 3);
  EXPECT_EQ(all.rewritten("A 24 year old man, student."), "A 24 year aged bloke, pupil.");
  EXPECT_EQ(all.rewritten("Woman! student/man; SQL 1999"), "Lady! pupil/bloke; SQL 1999");
  EXPECT_EQ(all.rewritten("un \xC3\xA9tudiant"), "un \xC3\xA9l\xC3\xA8ve");
  EXPECT_EQ(all.rewritten("manual womankind"), "manual womankind") << "whole words only";
  EXPECT_EQ(all.rewritten(""), "");
  EXPECT_EQ(WordShift(k_people, 0.0, 3).rewritten("old man"), "old man");
}

TEST(WordShift, leaves_names_as_they_are) {
  const WordShift all(k_people, 1.0, 3);
  const std::vector<std::string> names = {"The Old Man and the Sea", "", "Woman"};
  EXPECT_EQ(all.rewritten("An old man. Liked: The Old Man and the Sea; Woman; a woman.", names),
            "An aged bloke. Liked: The Old Man and the Sea; Woman; a lady.");
}

TEST(WordShift, takes_the_share_of_words_everywhere_alike_and_a_larger_share_holds_a_smaller_one) {
  constexpr int words = 4000;
  std::map<std::string, std::vector<std::string>> many;
  std::vector<std::string> texts;
  for (int w = 0; w < words; ++w) {
    std::string word = "w";
    for (int digits = w; digits > 0; digits /= 26) word += static_cast<char>('a' + digits % 26);
    word += "x";
    many[word] = {word + "one", word + "two"};
    texts.push_back(word);
  }
  const WordShift few(table(many), 0.2, 3), more(table(many), 0.5, 3), other(table(many), 0.5, 4);
  int changed = 0, first = 0, differs = 0;
  for (const std::string& word : texts) {
    const std::string now = more.replacement(word);
    EXPECT_TRUE(few.replacement(word) == word || few.replacement(word) == now) << word;
    changed += now != word ? 1 : 0;
    first += now == word + "one" ? 1 : 0;
    differs += other.replacement(word) != now ? 1 : 0;
    EXPECT_EQ(more.rewritten("the " + word + ", " + word), "the " + now + ", " + now);
  }
  EXPECT_NEAR(changed, 0.5 * words, 4 * std::sqrt(words * 0.25));
  EXPECT_NEAR(first, 0.5 * changed, 4 * std::sqrt(changed * 0.25)) << "any of the synonyms, each as likely";
  EXPECT_GT(differs, words / 4) << "another population has other new words";
  const WordShiftSummary summary = summarise(more, texts);
  EXPECT_EQ(summary.words, static_cast<std::size_t>(words));
  EXPECT_EQ(summary.changed, static_cast<std::size_t>(changed));
  EXPECT_EQ(summary.replaced.size(), static_cast<std::size_t>(changed));
  EXPECT_THROW(WordShift(k_people, 1.5, 3), ConfigError);
}

TEST(WordShift, wordnet_is_a_source) {
  if (!std::filesystem::exists(Thesaurus::default_folder())) GTEST_SKIP() << "wordnet-base is not installed";
  const Thesaurus thesaurus;
  const WordShift shift([&](const std::string& word) { return thesaurus.synonyms(word); }, 1.0, 3);
  EXPECT_THAT(shift.replacement("Student"), ::testing::AnyOf("Pupil", "Educatee"));
}

class SynonymFileTest : public ::testing::Test {
 protected:
  SynonymSource read(const std::string& text) const {
    write_file_atomically(folder_.path() / "words.csv", text);
    return read_synonyms(folder_.path() / "words.csv");
  }
  std::string why(const std::string& text) const {
    try {
      read(text);
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }
  testing::TemporaryFolder folder_;
};

TEST_F(SynonymFileTest, holds_any_number_of_synonyms_per_word) {
  const SynonymSource words =
      read("synonym,word,note\nbloke,Man,\n\"old, wise person\",sage,two words and a comma\nguy,man,\nguy,man,again\n");
  EXPECT_THAT(words("man"), ::testing::ElementsAre("bloke", "guy"));
  EXPECT_THAT(words("sage"), ::testing::ElementsAre("old, wise person"));
  EXPECT_TRUE(words("Man").empty()) << "asked in small letters";
}

TEST_F(SynonymFileTest, mistakes_are_named_with_their_line) {
  EXPECT_THAT(why(""), HasSubstr("is empty"));
  EXPECT_THAT(why("word,other\nman,bloke\n"), HasSubstr("synonym is missing"));
  EXPECT_THAT(why("word,synonym\nman\n"), HasSubstr("words.csv:2"));
  EXPECT_THAT(why("word,synonym\nman,bloke\n,x\n"), HasSubstr("words.csv:3"));
  EXPECT_THAT(why("word,synonym\nman,Man\n"), HasSubstr("stands for itself"));
  EXPECT_THAT(why("word,synonym\n"), HasSubstr("names no word"));
  EXPECT_THROW(read_synonyms(folder_.path() / "missing.csv"), Error);
}

}  // namespace
}  // namespace coldframe
