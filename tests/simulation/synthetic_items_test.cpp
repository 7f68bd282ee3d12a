#include "framework/simulation/synthetic_items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

/// Films of two kinds: old westerns, some of them comedies, and new films of space; every tenth year is missing.
EntityTable films(std::size_t count) {
  EntityTable items;
  AttributeColumn title{"title", AttributeKind::text, {}, {}, {}}, year{"year", AttributeKind::number, {}, {}, {}};
  AttributeColumn genres{"genres", AttributeKind::multi, {}, {}, {}},
      studio{"studio", AttributeKind::category, {}, {}, {}};
  const KeyedRandom random(4, Purpose::data_order);
  for (std::size_t i = 0; i < count; ++i) {
    const PhiloxBlock words = random.block(UserKey(i));
    const bool western = i % 4 == 0;
    items.ids.push_back("film-" + std::to_string(i));
    title.texts.push_back(western ? "The Dusty Trail" : "Star Voyage");
    year.numbers.push_back(i % 10 == 9 ? std::nan("") : (western ? 1950.0 : 1990.0) + uniform_below(words[0], 10));
    genres.values.push_back(western ? std::vector<std::string>{"Western"} : std::vector<std::string>{"Space"});
    if (western && uniform_double(words[1]) < 0.5) genres.values.back().push_back("Comedy");
    studio.texts.push_back(i % 3 == 0 ? "A" : "B");
  }
  items.columns = {title, year, genres, studio};
  return items;
}

bool holds(const std::vector<std::string>& values, const char* value) {
  return std::ranges::find(values, value) != values.end();
}

TEST(SyntheticItems, follow_the_law_of_the_catalogue) {
  const EntityTable items = films(400);
  const EntityTable drawn = draw_synthetic_items(items, {.count = 20'000, .smoothing = 0.1, .seed = 3});
  ASSERT_EQ(drawn.size(), 20'000u);
  EXPECT_EQ(drawn.ids.front(), "synthetic-1");
  EXPECT_EQ(std::set<std::string>(drawn.ids.begin(), drawn.ids.end()).size(), drawn.size());
  double westerns = 0, comedies = 0, studio_a = 0, missing = 0, old_westerns = 0, dated_westerns = 0;
  for (std::size_t n = 0; n < drawn.size(); ++n) {
    const std::vector<std::string>& genres = drawn.columns[2].values[n];
    const double year = drawn.columns[1].numbers[n];
    const bool western = holds(genres, "Western");
    westerns += western;
    comedies += holds(genres, "Comedy");
    studio_a += drawn.columns[3].texts[n] == "A";
    missing += std::isnan(year);
    if (western && !std::isnan(year)) {
      dated_westerns += 1;
      old_westerns += year < 1975;
    }
    EXPECT_TRUE(std::isnan(year) || (year >= 1950 && year <= 1999 && year == std::floor(year))) << year;
  }
  const auto count = static_cast<double>(drawn.size());
  EXPECT_NEAR(studio_a / count, 134.0 / 400, 0.015);
  EXPECT_NEAR(missing / count, 0.1, 0.01);
  // A value is replaced with probability .1 by one of all 450 or so values, so that shares of kinds move a little.
  EXPECT_NEAR(westerns / count, 0.25, 0.03);
  EXPECT_NEAR(comedies / count, 0.125, 0.03);
  // What goes together goes together still, but for the smoothing: years move by a kernel and one in ten is another's.
  EXPECT_GT(old_westerns / dated_westerns, 0.7);
  EXPECT_LT(old_westerns / dated_westerns, 0.99);
}

TEST(SyntheticItems, have_titles_of_words_that_others_have) {
  const EntityTable drawn = draw_synthetic_items(films(40), {.count = 200, .smoothing = 0.1, .seed = 3});
  std::map<std::string, std::size_t> titles;
  for (const std::string& title : drawn.columns[0].texts) {
    const auto spaces = std::ranges::count(title, ' ');
    EXPECT_TRUE(spaces == 1 || spaces == 2) << title;
    ++titles[title];
  }
  EXPECT_GT(titles.size(), 30u);
  EXPECT_TRUE(std::ranges::any_of(titles, [](const auto& t) { return t.first == "Star Trail"; }));
}

TEST(SyntheticItems, without_smoothing_copy_rows_but_for_the_kernel) {
  const EntityTable drawn = draw_synthetic_items(films(400), {.count = 500, .smoothing = 0, .seed = 3});
  for (std::size_t n = 0; n < drawn.size(); ++n) {
    const std::vector<std::string>& genres = drawn.columns[2].values[n];
    EXPECT_TRUE(genres == std::vector<std::string>{"Space"} || genres == std::vector<std::string>{"Western"} ||
                genres == (std::vector<std::string>{"Western", "Comedy"}));
  }
}

TEST(SyntheticItems, do_not_depend_on_the_order_of_rows_or_on_how_many_are_drawn) {
  const EntityTable items = films(60);
  EntityTable turned = items;
  std::ranges::reverse(turned.ids);
  for (AttributeColumn& column : turned.columns) {
    std::ranges::reverse(column.texts);
    std::ranges::reverse(column.numbers);
    std::ranges::reverse(column.values);
  }
  const EntityTable a = draw_synthetic_items(items, {.count = 50, .seed = 3});
  const EntityTable b = draw_synthetic_items(turned, {.count = 30, .seed = 3});
  const EntityTable other = draw_synthetic_items(items, {.count = 50, .seed = 4});
  for (std::size_t n = 0; n < b.size(); ++n) {
    EXPECT_EQ(a.columns[0].texts[n], b.columns[0].texts[n]);
    EXPECT_EQ(a.columns[1].cell(n), b.columns[1].cell(n));
    EXPECT_EQ(a.columns[2].values[n], b.columns[2].values[n]);
  }
  EXPECT_NE(a.columns[0].texts, other.columns[0].texts);
}

TEST(SyntheticItems, come_behind_those_of_a_data_set) {
  Dataset data;
  data.items = films(20);
  data.item_available_from.assign(20, 5);
  data.item_available_to.assign(20, 9);
  const EntityTable added = draw_synthetic_items(data.items, {.count = 3, .seed = 1});
  append_items(data, added);
  EXPECT_EQ(data.items.size(), 23u);
  EXPECT_EQ(data.items.ids[20], "synthetic-1");
  for (const AttributeColumn& column : data.items.columns) EXPECT_EQ(column.size(), 23u) << column.name;
  EXPECT_EQ(data.items.columns[2].values[22], added.columns[2].values[2]);
  EXPECT_EQ(data.item_available_from[19], 5);
  EXPECT_EQ(data.item_available_from[22], Dataset::k_always);
  EXPECT_EQ(data.item_available_to[22], Dataset::k_forever);
  // Twice would give two items one id, and other columns have no place.
  EXPECT_THROW(draw_synthetic_items(data.items, {.count = 1, .seed = 1}), DataError);
  EntityTable narrow = added;
  narrow.columns.pop_back();
  EXPECT_THROW(append_items(data, narrow), DataError);
  EXPECT_THROW(draw_synthetic_items({}, {.count = 1, .seed = 1}), DataError);
}

}  // namespace
}  // namespace coldframe
