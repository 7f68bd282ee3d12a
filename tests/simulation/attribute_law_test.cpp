#include "framework/simulation/attribute_law.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

const AttributeLawOptions k_options{{"age", "gender", "occupation"}, 5, 5, 10.0};

std::vector<UserId> everybody(const Dataset& data) {
  std::vector<UserId> users;
  for (std::uint32_t u = 0; u < data.users.size(); ++u) users.emplace_back(u);
  return users;
}

TEST(AttributeLaw, margins_are_the_shares_and_conditionals_are_laws) {
  const Dataset data = invented_dataset(400, 12, 1);
  const AttributeLaw law = AttributeLaw::fit(data, everybody(data), k_options);
  ASSERT_EQ(law.fields().size(), 3u);
  // 400 people, half of them "F": (200 + .5) / (400 + 1).
  EXPECT_NEAR(law.fields()[1].margin[0], 0.5, 1e-12);
  for (const AttributeField& field : law.fields()) {
    double total = 0;
    for (const double share : field.margin) total += share;
    EXPECT_NEAR(total, 1.0, 1e-12);
    for (std::size_t at = 0; at < field.conditional.size(); at += field.levels.size()) {
      double row = 0;
      for (std::size_t level = 0; level < field.levels.size(); ++level) row += field.conditional[at + level];
      EXPECT_NEAR(row, 1.0, 1e-12);
    }
  }
  EXPECT_EQ(law.fields()[2].parent, 0) << "the occupation was drawn from the age";
}

TEST(AttributeLaw, drawn_people_follow_the_law_and_its_dependence) {
  const Dataset data = invented_dataset(400, 12, 1);
  const AttributeLaw law = AttributeLaw::fit(data, everybody(data), k_options);
  const KeyedRandom random(8, Purpose::population);
  const auto student =
      static_cast<std::uint16_t>(std::find(law.fields()[2].levels.begin(), law.fields()[2].levels.end(), "student") -
                                 law.fields()[2].levels.begin());
  std::vector<double> bands(law.fields()[0].levels.size(), 0.0);
  double young_students = 0, young = 0;
  constexpr int draws = 20000;
  for (int u = 0; u < draws; ++u) {
    const Attributes who = law.draw(random, UserKey(static_cast<std::uint64_t>(u)));
    bands[who.levels[0]] += 1.0 / draws;
    const int age = std::stoi(who.values[0]);
    EXPECT_GE(age, law.fields()[0].edges[who.levels[0]]);
    EXPECT_LT(age, law.fields()[0].edges[who.levels[0] + 1]);
    if (who.levels[0] == 0) {
      young += 1;
      young_students += who.levels[2] == student;
    }
  }
  for (std::size_t band = 0; band < bands.size(); ++band) EXPECT_NEAR(bands[band], law.fields()[0].margin[band], 0.015);
  EXPECT_GT(young_students / young, 0.5);
}

TEST(AttributeLaw, rare_levels_and_extreme_values_are_not_told) {
  Dataset data = invented_dataset(200, 12, 1);
  data.users.columns[2].texts[7] = "astronaut";
  data.users.columns[0].numbers[7] = 103;
  const AttributeLaw law = AttributeLaw::fit(data, everybody(data), k_options);
  const std::vector<std::string>& jobs = law.fields()[2].levels;
  EXPECT_EQ(std::count(jobs.begin(), jobs.end(), "astronaut"), 0);
  EXPECT_EQ(std::count(jobs.begin(), jobs.end(), "other"), 1);
  EXPECT_LT(law.fields()[0].edges.back(), 100);
  const std::vector<std::uint16_t> levels = law.levels_of(data, UserId(7));
  EXPECT_EQ(jobs[levels[2]], "other");
  EXPECT_EQ(levels[0], law.fields()[0].levels.size() - 1);
}

TEST(AttributeLaw, missing_values_are_a_level_without_a_word) {
  Dataset data = invented_dataset(200, 12, 1);
  for (std::size_t u = 0; u < 50; ++u) {
    data.users.columns[0].numbers[u] = std::numeric_limits<double>::quiet_NaN();
    data.users.columns[2].texts[u].clear();
  }
  const AttributeLaw law = AttributeLaw::fit(data, everybody(data), k_options);
  EXPECT_EQ(law.fields()[0].levels.back(), k_unknown_level);
  EXPECT_NEAR(law.fields()[0].margin.back(), 0.25, 0.01);
  bool seen = false;
  for (std::uint64_t u = 0; u < 100; ++u) {
    const Attributes who = law.draw(KeyedRandom(1, Purpose::population), UserKey(u));
    if (law.fields()[0].levels[who.levels[0]] != k_unknown_level) continue;
    seen = true;
    EXPECT_TRUE(who.values[0].empty());
  }
  EXPECT_TRUE(seen);
}

TEST(AttributeLaw, encoded_attributes_have_mean_zero_under_the_law) {
  const Dataset data = invented_dataset(300, 12, 1);
  const AttributeLaw law = AttributeLaw::fit(data, everybody(data), k_options);
  std::vector<double> mean(law.encoded_size(), 0.0);
  for (const UserId user : everybody(data)) {
    const std::vector<double> x = law.encode(law.levels_of(data, user));
    for (std::size_t p = 0; p < x.size(); ++p) mean[p] += x[p] / 300.0;
  }
  for (const double value : mean) EXPECT_NEAR(value, 0.0, 0.01);
}

TEST(AttributeLaw, odd_columns_do_not_break_it) {
  Dataset data = invented_dataset(50, 12, 1);
  for (double& age : data.users.columns[0].numbers) age = 30;  // everybody alike
  for (std::string& gender : data.users.columns[1].texts) gender.assign(1, 'x');
  for (std::size_t u = 0; u < 50; ++u) data.users.columns[2].texts[u] = fmt::format("job {}", u);  // all rare
  const AttributeLaw law = AttributeLaw::fit(data, everybody(data), k_options);
  EXPECT_EQ(law.fields()[1].levels, std::vector<std::string>{"x"});
  EXPECT_EQ(law.fields()[2].levels, std::vector<std::string>{"other"});
  EXPECT_NO_THROW(law.draw(KeyedRandom(1, Purpose::population), UserKey(1)));
  Dataset many = invented_dataset(1100, 12, 1);
  for (std::size_t u = 0; u < 1100; ++u) many.users.columns[2].texts[u] = fmt::format("job {}", u);
  EXPECT_EQ(AttributeLaw::fit(many, everybody(many), k_options).fields()[2].levels.size(), 1u) << "all are rare";
  AttributeLawOptions every_level = k_options;
  every_level.minimum_level_count = 1;
  EXPECT_THROW(AttributeLaw::fit(many, everybody(many), every_level), ConfigError) << "1,100 levels";
  data.users.columns[0].numbers[0] = 1e300;
  EXPECT_NO_THROW(AttributeLaw::fit(data, everybody(data), k_options));
}

TEST(AttributeLaw, wrong_columns_are_config_errors) {
  Dataset data = invented_dataset(50, 12, 1);
  data.users.columns.push_back({"zip", AttributeKind::text, std::vector<std::string>(50, "1"), {}, {}});
  EXPECT_THROW(AttributeLaw::fit(data, everybody(data), {{"zip"}, 5, 5, 10.0}), ConfigError);
  EXPECT_THROW(AttributeLaw::fit(data, everybody(data), {{"shoe size"}, 5, 5, 10.0}), ConfigError);
  EXPECT_THROW(AttributeLaw::fit(data, {}, k_options), DataError);
  EXPECT_EQ(AttributeLaw::fit(data, {}, {{}, 5, 5, 10.0}).encoded_size(), 0u);
}

}  // namespace
}  // namespace coldframe
