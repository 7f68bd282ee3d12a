#include "framework/text/text_noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include "framework/core/error.h"
#include "framework/core/utf8.h"
#include "framework/text/text_spans.h"
#include "framework/text/thesaurus.h"

namespace coldframe {
namespace {

const std::vector<TextNoise> k_kinds = {TextNoise::typos,         TextNoise::casing,  TextNoise::synonyms,
                                        TextNoise::out_of_domain, TextNoise::chinese, TextNoise::truncation};

/// Scripts, joined emoji, flags, combining marks, bare marks, no words at all.
const std::vector<std::string> k_texts = {
    "A 24 year old man, technician. Liked: The Usual Suspects; Léon; Good Will Hunting.",
    "Студентка, 31 год; любит комедии и драмы",
    "一个24岁的男人，技术员。",
    "Mixed: 電影 und Käse, e\u0301te\u0301, İstanbul, straße, ﬁlm ΐ",
    "👩‍👩‍👧‍👦 family 🇩🇪🇫🇷 fans 👍🏽 of नमस्ते films",
    "x",
    "",
    "... \u0301 !!",
};

std::vector<TextNoise> kinds_available(const Thesaurus* thesaurus) {
  std::vector<TextNoise> kinds = k_kinds;
  if (thesaurus == nullptr) std::erase(kinds, TextNoise::synonyms);
  return kinds;
}

class TextNoiserProperties : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::filesystem::exists(Thesaurus::default_folder())) thesaurus_ = std::make_unique<Thesaurus>();
    noiser_ = std::make_unique<TextNoiser>(thesaurus_.get());
  }
  /// test(kind, text, key) for every kind and text and a few keys.
  template <class Test>
  void for_all(Test test) const {
    for (const TextNoise kind : kinds_available(thesaurus_.get())) {
      for (const std::string& text : k_texts) {
        for (std::uint32_t draw = 0; draw < 12; ++draw) test(kind, text, NoiseKey{5, UserKey(77 + draw % 3), draw});
      }
    }
  }
  std::unique_ptr<Thesaurus> thesaurus_;
  std::unique_ptr<TextNoiser> noiser_;
};

TEST_F(TextNoiserProperties, severity_zero_is_the_identity) {
  for_all([&](TextNoise kind, const std::string& text, const NoiseKey& key) {
    const NoisyText noisy = noiser_->apply(kind, 0.0, text, key);
    EXPECT_EQ(noisy.text, text);
    EXPECT_TRUE(noisy.edits.empty());
  });
}

TEST_F(TextNoiserProperties, edits_at_a_lower_severity_are_among_those_at_a_higher_one) {
  for_all([&](TextNoise kind, const std::string& text, const NoiseKey& key) {
    std::vector<std::size_t> before;
    for (const double severity : {0.05, 0.1, 0.2, 0.3, 0.7, 1.0}) {
      const std::vector<std::size_t> edits = noiser_->apply(kind, severity, text, key).edits;
      EXPECT_TRUE(std::ranges::includes(edits, before)) << text;
      before = edits;
    }
  });
}

TEST_F(TextNoiserProperties, output_is_valid_utf8_and_a_function_of_the_key) {
  for_all([&](TextNoise kind, const std::string& text, const NoiseKey& key) {
    for (const double severity : {0.2, 0.6, 1.0}) {
      const NoisyText noisy = noiser_->apply(kind, severity, text, key);
      EXPECT_FALSE(find_invalid_utf8(noisy.text)) << noisy.text;
      EXPECT_EQ(noiser_->apply(kind, severity, text, key).text, noisy.text);
      EXPECT_EQ(noisy.text == text, noisy.edits.empty()) << text << " -> " << noisy.text;
    }
  });
}

TEST_F(TextNoiserProperties, severity_is_the_expected_share_of_words) {
  std::string text;
  for (int w = 0; w < 400; ++w) text += "film ";
  const std::vector<TextNoise> always = {TextNoise::typos, TextNoise::casing, TextNoise::out_of_domain,
                                         TextNoise::chinese};
  for (const TextNoise kind : always) {
    double edits = 0;
    for (std::uint32_t draw = 0; draw < 50; ++draw) {
      edits += static_cast<double>(noiser_->apply(kind, 0.1, text, {1, UserKey(9), draw}).edits.size());
    }
    EXPECT_NEAR(edits / 50, 40.0, 3 * std::sqrt(400 * 0.1 * 0.9 / 50));
    EXPECT_EQ(noiser_->apply(kind, 1.0, text, {}).edits.size(), 400u);
  }
}

TEST(TextNoiser, numbers_are_never_edited_and_punctuation_stays) {
  const TextNoiser noiser;
  const std::string noisy = noiser.apply(TextNoise::out_of_domain, 1.0, "A 24 year-old, 1995!", {}).text;
  EXPECT_NE(noisy.find(" 24 "), std::string::npos);
  EXPECT_TRUE(noisy.ends_with(", 1995!"));
  EXPECT_EQ(std::ranges::count(noisy, '-'), 1);
}

TEST(TextNoiser, draws_users_seeds_and_kinds_differ) {
  const TextNoiser noiser;
  const std::string text = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
  const auto edits = [&](TextNoise kind, NoiseKey key) { return noiser.apply(kind, 0.5, text, key).edits; };
  const auto base = edits(TextNoise::casing, {1, UserKey(1), 0});
  EXPECT_NE(base, edits(TextNoise::casing, {1, UserKey(1), 1}));
  EXPECT_NE(base, edits(TextNoise::casing, {1, UserKey(2), 0}));
  EXPECT_NE(base, edits(TextNoise::casing, {2, UserKey(1), 0}));
  EXPECT_NE(base, edits(TextNoise::out_of_domain, {1, UserKey(1), 0}));
}

TEST(TextNoiser, changes_case_by_unicode) {
  const TextNoiser noiser;
  EXPECT_EQ(noiser.apply(TextNoise::casing, 1.0, "straße ÉTÉ İo 24", {}).text, "STRASSE été İO 24");
}

TEST(TextNoiser, truncates_whole_characters) {
  const TextNoiser noiser;
  // 4 graphemes: family, a, e with accent, flag.
  const std::string text = "👩‍👩‍👧‍👦ae\u0301🇩🇪";
  EXPECT_EQ(noiser.apply(TextNoise::truncation, 0.25, text, {}).text, "👩‍👩‍👧‍👦ae\u0301");
  EXPECT_EQ(noiser.apply(TextNoise::truncation, 0.74, text, {}).text, "👩‍👩‍👧‍👦a");
  EXPECT_EQ(noiser.apply(TextNoise::truncation, 1.0, text, {}).text, "");
}

TEST(TextNoiser, writes_chinese_and_mixed_scripts) {
  const TextNoiser noiser;
  EXPECT_EQ(noiser.apply(TextNoise::chinese, 1.0, "A 24 year old man, Technician.", {}).text,
            "一个 24 岁 大 男人, 技术员.");
  const std::string mixed = noiser.apply(TextNoise::chinese, 0.5, "man woman man woman man woman man woman", {}).text;
  EXPECT_NE(mixed.find("man"), std::string::npos);
  EXPECT_NE(mixed.find("人"), std::string::npos);
}

TEST(TextNoiser, refuses_severities_outside_the_unit_interval_broken_text_and_a_missing_thesaurus) {
  const TextNoiser noiser;
  EXPECT_THROW(noiser.apply(TextNoise::typos, 1.01, "text", {}), ConfigError);
  EXPECT_THROW(noiser.apply(TextNoise::typos, -0.1, "text", {}), ConfigError);
  EXPECT_THROW(noiser.apply(TextNoise::truncation, std::nan(""), "text", {}), ConfigError);
  EXPECT_THROW(noiser.apply(TextNoise::typos, 0.5, "broken \xC3 text", {}), DataError);
  EXPECT_THROW(noiser.apply(TextNoise::synonyms, 0.5, "text", {}), ConfigError);
}

}  // namespace
}  // namespace coldframe
