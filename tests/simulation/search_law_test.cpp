#include "framework/simulation/search_law.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "framework/baselines/content_nearest.h"
#include "framework/core/error.h"
#include "framework/simulation/baseline_policy.h"
#include "framework/simulation/match_policy.h"
#include "framework/simulation/searching_vectors.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Items with kinds (several each), one studio each, and a year.
EntityTable films(const std::vector<std::vector<std::string>>& kinds) {
  EntityTable items;
  AttributeColumn kind{"kind", AttributeKind::multi, {}, {}, kinds};
  AttributeColumn studio{"studio", AttributeKind::category, {}, {}, {}};
  AttributeColumn year{"year", AttributeKind::number, {}, {}, {}};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    items.ids.push_back("i" + std::to_string(i));
    studio.texts.push_back(i % 2 == 0 ? "North" : "");
    year.numbers.push_back(1990);
  }
  items.columns = {kind, studio, year};
  return items;
}

SearchOptions options_of(double share, double gain = 2, double typos = 0) {
  SearchOptions options;
  options.share = share;
  options.attribute = "kind";
  options.intent_gain = gain;
  options.typo_share = typos;
  options.minimum_items = 1;
  return options;
}

const std::vector<std::vector<std::string>> k_kinds = {{"Comedy"}, {"Comedy", "Drama"}, {"Drama"}, {}};

/// log(I p) for p = .4, .3, .2, .1.
std::vector<double> taste() {
  std::vector<double> utilities;
  for (const double p : {0.4, 0.3, 0.2, 0.1}) utilities.push_back(std::log(4 * p));
  return utilities;
}

std::string why(const SearchOptions& options, const EntityTable& items) {
  try {
    SearchLaw(options, items, 1);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SearchLaw, asks_for_values_as_often_as_the_item_in_mind_has_them) {
  const SearchLaw law(options_of(0.25), films(k_kinds), 3);
  ASSERT_EQ(law.intents().size(), 2u);
  EXPECT_EQ(law.intents()[0].value, "Comedy");
  constexpr int users = 8000, sessions = 4;
  double searched = 0, comedy = 0;
  for (std::uint64_t u = 0; u < users; ++u) {
    for (std::uint32_t session = 0; session < sessions; ++session) {
      const auto search = law.begin(UserKey(u), session, taste());
      if (!search) continue;
      searched += 1;
      comedy += search->intent == 0 ? 1 : 0;
      EXPECT_EQ(law.meaning(*search->query), search->intent);
      EXPECT_EQ(search->query->text, law.intents()[search->intent].value);
    }
  }
  EXPECT_NEAR(searched / (users * sessions), 0.25, 4 * std::sqrt(0.25 * 0.75 / (users * sessions)));
  // Of the .9 of the items with a kind, .4 and half of .3 are comedies asked for as such.
  const double share = (0.4 + 0.15) / 0.9;
  EXPECT_NEAR(comedy / searched, share, 4 * std::sqrt(share * (1 - share) / searched));
}

TEST(SearchLaw, tilts_tastes_towards_what_was_asked_for) {
  const SearchLaw law(options_of(1, std::log(3.0)), films(k_kinds), 3);
  std::vector<double> utilities = taste();
  law.tilt(0, utilities);
  // Z = 1 + .7 (3 - 1) = 2.4: the comedies .4 and .3 become 1.2 / 2.4 and .9 / 2.4.
  const double expected[] = {0.5, 0.375, 0.2 / 2.4, 0.1 / 2.4};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(std::exp(utilities[i]) / 4, expected[i], 1e-12) << i;

  utilities = taste();
  SearchLaw(options_of(1, 0), films(k_kinds), 3).tilt(1, utilities);
  EXPECT_EQ(utilities, taste()) << "a gain of 0 changes nothing";
}

TEST(SearchLaw, one_setting_never_moves_the_draws_of_another) {
  const EntityTable items = films(k_kinds);
  const SearchLaw law(options_of(0.6, 2, 0.3), items, 3), fewer(options_of(0.2, 2, 0.3), items, 3),
      stronger(options_of(0.6, 5, 0.3), items, 3), careful(options_of(0.6, 2, 0), items, 3);
  // The same items in another order.
  const SearchLaw turned(options_of(0.6, 2, 0.3), films({{}, {"Drama"}, {"Drama", "Comedy"}, {"Comedy"}}), 3);
  std::vector<double> turned_taste = taste();
  std::ranges::reverse(turned_taste);
  int kept = 0, misspelt = 0;
  for (std::uint64_t u = 0; u < 2000; ++u) {
    const auto search = law.begin(UserKey(u), 1, taste());
    const auto same = stronger.begin(UserKey(u), 1, taste()), right = careful.begin(UserKey(u), 1, taste()),
               other_order = turned.begin(UserKey(u), 1, turned_taste), few = fewer.begin(UserKey(u), 1, taste());
    ASSERT_EQ(search.has_value(), same.has_value());
    ASSERT_EQ(search.has_value(), right.has_value());
    ASSERT_EQ(search.has_value(), other_order.has_value());
    if (few) {
      kept += 1;
      ASSERT_TRUE(search.has_value()) << "a larger share holds the sessions of a smaller one";
      EXPECT_EQ(few->query->text, search->query->text);
    }
    if (!search) continue;
    EXPECT_EQ(same->query->text, search->query->text);
    EXPECT_EQ(right->intent, search->intent);
    EXPECT_EQ(other_order->query->text, search->query->text);
    misspelt += search->query->text != right->query->text;
  }
  EXPECT_NEAR(kept, 400, 80);
  EXPECT_GT(misspelt, 200);
}

TEST(SearchLaw, misspells_by_one_letter_and_knows_all_that_can_be_typed) {
  const SearchLaw law(options_of(1, 2, 1), films(k_kinds), 3);
  std::set<std::string> texts;
  for (std::size_t row = 0; row < law.queries().size(); ++row) {
    EXPECT_EQ(law.queries()[row].row, row);
    EXPECT_TRUE(texts.insert(law.queries()[row].text).second) << "twice";
  }
  for (const char* text : {"Comedy", "Drama", "oCmedy", "Comdey", "Comey", "Commedy", "Drma", "Draama"}) {
    EXPECT_TRUE(texts.contains(text)) << text;
  }
  for (std::uint64_t u = 0; u < 500; ++u) {
    const auto search = law.begin(UserKey(u), 0, taste());
    ASSERT_TRUE(search.has_value());
    EXPECT_EQ(search->query, &law.queries()[search->query->row]);
    EXPECT_EQ(law.meaning(*search->query), search->intent);
    const std::string& plain = law.intents()[search->intent].value;
    const auto difference = static_cast<int>(search->query->text.size()) - static_cast<int>(plain.size());
    EXPECT_LE(std::abs(difference), 1);
  }
}

TEST(SearchLaw, a_misspelling_that_says_something_else_is_not_made) {
  SearchOptions options = options_of(1, 2, 1);
  // "cart" without its t, "scar" without its s.
  const SearchLaw law(options, films({{"cart"}, {"scar"}, {"car"}}), 3);
  std::map<std::string, std::string> meaning;
  for (const Query& query : law.queries()) meaning[query.text] = law.intents()[law.meaning(query)].value;
  EXPECT_EQ(meaning.at("car"), "car");
  EXPECT_EQ(meaning.at("crat"), "cart");
}

TEST(SearchLaw, mistakes_say_what_to_write) {
  const EntityTable items = films(k_kinds);
  SearchOptions options = options_of(0.5);
  options.attribute = "genre";
  EXPECT_THAT(why(options, items), ::testing::AllOf(HasSubstr("no such column"), HasSubstr("use kind, studio")));
  options.attribute = "year";
  EXPECT_THAT(why(options, items), HasSubstr("no categories"));
  EntityTable bare = items;
  bare.columns.erase(bare.columns.begin(), bare.columns.begin() + 2);
  EXPECT_THAT(why(options, bare), HasSubstr("no column of this catalogue has categories"));
  options.attribute = "studio";
  EXPECT_EQ(why(options, items), "no error");
  options.minimum_items = 3;
  EXPECT_THAT(why(options, items), HasSubstr("has 2 items"));
  options = options_of(0.5);
  options.query_template = "a {kind} film";
  EXPECT_THAT(why(options, items), HasSubstr("intent"));
  options.query_template = "something good";
  EXPECT_THAT(why(options, items), HasSubstr("asked for by the same words"));
  options.query_template = "{intent:Comedy=fun}";
  EXPECT_THAT(why(options, items), HasSubstr("'Drama' has no words"));
  options.query_template = "a {intent:Comedy=funny,Drama=sad} film";
  EXPECT_EQ(why(options, items), "no error");

  EXPECT_TRUE(SearchOptions().validate().empty());
  options.attribute = "";
  EXPECT_THAT(options.validate().front().text, HasSubstr("is missing"));
}

PolicyRequest asking(const History& history, const Query* query) {
  PolicyRequest request;
  request.history = &history;
  request.query = query;
  return request;
}

TEST(MatchPolicy, shows_what_the_words_name_first_and_popularity_else) {
  const EntityTable items = films({{"Sci-Fi"}, {"Comedy"}, {"Comedy", "Sci-Fi"}, {}});
  const MatchPolicy policy("match", {3, 7, 1, 5}, read_intents(items, "kind", 1, "kind"), TieBreak(1, {1, 2, 3, 4}));
  const History nothing;
  const Query space{0, "a good sci-fi film"}, typo{1, "comdey"}, both{2, "Comedy sci fi"}, half{3, "sci"};
  std::vector<PolicyRequest> requests;
  for (const Query* query : {static_cast<const Query*>(nullptr), &space, &typo, &both, &half}) {
    requests.push_back(asking(nothing, query));
  }
  std::vector<float> scores(5 * 4);
  policy.score(requests, scores);
  const auto row = [&](std::size_t r) {
    return std::vector<float>(scores.begin() + 4 * r, scores.begin() + 4 * r + 4);
  };
  EXPECT_THAT(row(0), ElementsAre(3, 7, 1, 5));
  EXPECT_THAT(row(1), ElementsAre(3 + 8, 7, 1 + 8, 5));
  EXPECT_THAT(row(2), ElementsAre(3, 7, 1, 5));
  EXPECT_THAT(row(3), ElementsAre(3 + 8, 7 + 8, 1 + 8, 5));
  EXPECT_THAT(row(4), ElementsAre(3, 7, 1, 5));
}

TEST(ContentPolicy, reads_words_of_the_query_and_falls_back_without_any) {
  const BaselinePolicy policy(
      "tfidf", std::make_unique<ContentNearest>(std::vector<std::string>{"red fox", "blue cat", "red cat"}),
      EntityTable{}, {5, 6, 7}, TieBreak(1, {1, 2, 3}), 0.25);
  const History nothing, fox{{ItemId(0)}, 1, {}, {}};
  const Query blue{0, "Blue!"}, unknown{1, "bleu"};
  const std::vector<PolicyRequest> requests = {asking(nothing, nullptr), asking(nothing, &unknown),
                                               asking(nothing, &blue), asking(fox, &blue), asking(fox, &unknown)};
  std::vector<float> scores(5 * 3);
  policy.score(requests, scores);
  // idf of words in one text ln(4/2) + 1 = r, in two ln(4/3) + 1 = c; blue cat = (r, c) / hypot.
  const double r = std::log(2.0) + 1, c = std::log(4.0 / 3.0) + 1;
  const double in_blue_cat = r / std::hypot(r, c), fox_and_red_cat = c * c / (std::hypot(r, c) * std::hypot(c, c));
  const std::vector<double> expected = {5,
                                        6,
                                        7,
                                        5,
                                        6,
                                        7,  // popularity
                                        0,
                                        in_blue_cat,
                                        0,  // the query alone
                                        0.75,
                                        0.25 * in_blue_cat,
                                        0.75 * fox_and_red_cat,  // both
                                        1,
                                        0,
                                        fox_and_red_cat};  // likes alone
  for (std::size_t at = 0; at < expected.size(); ++at) EXPECT_NEAR(scores[at], expected[at], 1e-6) << at;
}

TEST(SearchingVectors, average_the_user_with_the_query) {
  const VectorTable items(1, 2, {1, 0}), profiles(1, 2, {1, 0}), queries(2, 2, {0, 1, -1, 0});
  const RecomposedVectors users(profiles, items, 10);
  const History nothing;
  const Query up{0, "up"}, back{1, "back"};
  const std::vector<PolicyRequest> requests = {asking(nothing, nullptr), asking(nothing, &up), asking(nothing, &back)};
  std::vector<float> vectors(6);
  SearchingVectors(users, queries, 0.25).compute(requests, vectors);
  // .75 (1, 0) + .25 (0, 1) to length 1; .75 (1, 0) - .25 (1, 0) to length 1.
  const double length = std::hypot(0.75, 0.25);
  const double expected[] = {1, 0, 0.75 / length, 0.25 / length, 1, 0};
  for (std::size_t at = 0; at < 6; ++at) EXPECT_NEAR(vectors[at], expected[at], 1e-6) << at;
  SearchingVectors(users, queries, 1).compute(requests, vectors);
  EXPECT_THAT(vectors, ElementsAre(1, 0, 0, 1, -1, 0)) << "the query alone";
  EXPECT_THROW(SearchingVectors(users, VectorTable(1, 3, {1, 0, 0}), 0.5), DataError);
}

}  // namespace
}  // namespace coldframe
