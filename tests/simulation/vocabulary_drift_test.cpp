#include "framework/simulation/vocabulary_drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/simulation/encoder_policy.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

VocabularyDriftOptions words_of(const std::string& kind, std::int64_t at, std::int64_t over) {
  VocabularyDriftOptions options;
  options.kind = kind;
  options.user_template = "{gender}";
  options.at_period = at;
  options.over_periods = over;
  return options;
}

TEST(VocabularyDrift, turns_over_the_share_of_newcomers_that_the_weight_says_for_good) {
  const VocabularyDrift slow(words_of("gradual", 1, 4), 5, 100), sudden(words_of("sudden", 2, 4), 5, 100);
  constexpr int users = 4000;
  for (std::uint32_t period = 0; period < 6; ++period) {
    const double weight = std::min(1.0, period / 4.0);
    int turned = 0;
    for (int u = 0; u < users; ++u) {
      const UserKey user(static_cast<std::uint64_t>(u));
      const std::uint32_t row = slow.text_row(user, 7, period);
      EXPECT_TRUE(row == 7 || row == 107);
      turned += row == 107 ? 1 : 0;
      EXPECT_GE(row, slow.text_row(user, 7, std::max(period, 1u) - 1)) << "who turned at a smaller weight has turned";
      EXPECT_EQ(sudden.text_row(user, 7, period), period < 2 ? 7u : 107u);
    }
    EXPECT_NEAR(turned, weight * users, 4 * std::sqrt(users * weight * (1 - weight)) + 1e-9);
  }
}

TEST(VocabularyDrift, encoders_read_the_row_of_the_new_words) {
  const VectorTable items(1, 2, {1, 0});
  const VectorTable profiles(4, 2, {1, 0, 0, 1, 0.6f, 0.8f, -1, 0});  // two profiles in old words, then in new ones
  const VocabularyDrift words(words_of("sudden", 1, 1), 5, 2);
  const RecomposedVectors recomposed(profiles, items, 10, &words);
  std::vector<std::uint32_t> rows;
  const ReencodedVectors reencoded(
      [&](std::span<const UserView> users, std::span<float>) {
        for (const UserView& user : users) rows.push_back(user.profile_row);
      },
      2, 10, &words);
  const History nothing;
  std::vector<PolicyRequest> requests(2);
  for (std::uint32_t r = 0; r < 2; ++r) {
    requests[r].history = &nothing;
    requests[r].profile_row = 1 - r;
    requests[r].time.period = r;
  }
  std::vector<float> vectors(4);
  recomposed.compute(requests, vectors);
  EXPECT_THAT(vectors, ::testing::ElementsAre(0, 1, 0.6f, 0.8f));
  reencoded.compute(requests, vectors);
  EXPECT_THAT(rows, ::testing::ElementsAre(1, 2));
}

TEST(VocabularyDrift, new_words_are_synonyms_when_a_share_of_them_is) {
  testing::TemporaryFolder folder;
  write_file_atomically(folder.path() / "words.csv", "word,synonym\nman,bloke\nwoman,lady\n");
  VocabularyDriftOptions options = words_of("sudden", 0, 1);
  EXPECT_EQ(VocabularyDrift(options, 5, 2).reworded("a man"), "a man");
  EXPECT_EQ(VocabularyDrift(options, 5, 2).shift(), nullptr);
  options.synonym_share = 1;
  options.synonyms = (folder.path() / "words.csv").string();
  const VocabularyDrift words(options, 5, 2);
  const std::vector<std::string> titles = {"The Third Man"};
  EXPECT_EQ(words.reworded("a man, liked The Third Man", titles), "a bloke, liked The Third Man");
  ASSERT_NE(words.shift(), nullptr);
  options.synonyms = "/no/such/words.csv";
  EXPECT_THROW(VocabularyDrift(options, 5, 2), Error);
}

TEST(VocabularyDrift, mistakes_say_what_is_missing) {
  EXPECT_TRUE(VocabularyDriftOptions().validate().empty());
  EXPECT_TRUE(words_of("sudden", 1, 1).validate().empty());
  EXPECT_THAT(words_of("none", 1, 1).validate().front().text, ::testing::HasSubstr("no effect"));
  VocabularyDriftOptions nothing = words_of("sudden", 1, 1);
  nothing.user_template = "";
  EXPECT_THAT(nothing.validate().front().text, ::testing::HasSubstr("is missing"));
  nothing.synonyms = "words.csv";
  nothing.synonym_share = 0.2;
  EXPECT_TRUE(nothing.validate().empty()) << "other words in the same sentences";
  nothing.kind = "none";
  EXPECT_THAT(nothing.validate().front().text, ::testing::HasSubstr("no effect"));
  nothing.kind = "sudden";
  nothing.user_template = "{gender}";
  nothing.synonym_share = 0;
  EXPECT_EQ(nothing.validate().front().key, "synonyms");
}

}  // namespace
}  // namespace coldframe
