#include "framework/text/thesaurus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

TEST(Thesaurus, finds_words_of_the_most_frequent_sense_that_has_others) {
  if (!std::filesystem::exists(Thesaurus::default_folder())) GTEST_SKIP() << "wordnet-base is not installed";
  const Thesaurus thesaurus;
  // As `wn student -synsn` prints: "student, pupil, educatee"; "movie, film, picture, ..." of eight words.
  EXPECT_EQ(thesaurus.synonyms("student"), (std::vector<std::string>{"pupil", "educatee"}));
  EXPECT_EQ(thesaurus.synonyms("Student"), thesaurus.synonyms("student"));
  const auto film = thesaurus.synonyms("movie");
  EXPECT_NE(std::ranges::find(film, "film"), film.end());
  EXPECT_EQ(std::ranges::find(film, "moving_picture"), film.end()) << "single words only";
  EXPECT_TRUE(thesaurus.synonyms("zzzqy").empty());
  EXPECT_TRUE(thesaurus.synonyms("").empty());
}

TEST(Thesaurus, a_folder_without_the_database_is_an_error_that_names_the_package) {
  const testing::TemporaryFolder folder;
  try {
    const Thesaurus thesaurus(folder.path());
    FAIL();
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("wordnet-base"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace coldframe
