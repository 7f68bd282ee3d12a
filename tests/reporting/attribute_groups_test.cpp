#include "framework/reporting/attribute_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

EntityTable people() {
  EntityTable table;
  table.ids = {"a", "b", "c", "d"};
  AttributeColumn gender, age, genres;
  gender.name = "gender";
  gender.kind = AttributeKind::category;
  gender.texts = {"F", "M", "", "M"};
  age.name = "age";
  age.kind = AttributeKind::number;
  age.numbers = {24, 25, 60, std::nan("")};
  genres.name = "genres";
  genres.kind = AttributeKind::multi;
  genres.values = {{"drama", "war"}, {"war"}, {}, {"comedy"}};
  table.columns = {gender, age, genres};
  return table;
}

const std::vector<UserId> k_all = {UserId(0), UserId(1), UserId(2), UserId(3)};

std::string message(const std::string& rule) {
  try {
    attribute_groups(people(), rule, k_all);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(AttributeGroups, categories_bands_and_intersections) {
  const Groups gender = attribute_groups(people(), "gender", k_all);
  EXPECT_EQ(gender.size(), 2u);
  EXPECT_EQ(gender.without_value(), 1u);
  const Groups age = attribute_groups(people(), "age:25:45", k_all);
  ASSERT_EQ(age.size(), 3u);
  EXPECT_EQ(age.label(0), "age below 25");
  EXPECT_EQ(age.label(2), "age from 45");
  EXPECT_EQ(age.label(static_cast<std::size_t>(age.of()[1])), "age from 25 to 45");
  const Groups both = attribute_groups(people(), "gender*age:45", k_all);
  EXPECT_EQ(both.label(0), "F x age below 45");
  EXPECT_EQ(both.without_value(), 2u);
  EXPECT_EQ(attribute_groups(people(), "gender", std::vector<UserId>{UserId(3)}).label(0), "M");
}

TEST(AttributeGroups, wrong_rules_say_what_to_write) {
  EXPECT_THAT(message("gendre"), HasSubstr("did you mean gender?"));
  EXPECT_THAT(message("gender*town"), HasSubstr("there is no attribute \"town\""));
  EXPECT_THAT(message("age"), HasSubstr("age:25:45"));
  EXPECT_THAT(message("gender:3"), HasSubstr("has no bounds"));
  EXPECT_THAT(message("age:45:25"), HasSubstr("do not ascend"));
  EXPECT_THAT(message("age:old"), HasSubstr("\"old\" is no bound"));
  EXPECT_THAT(message(""), HasSubstr("there is no attribute"));
}

// Three categories are a rule, 31 and one are none; ages 20 .. 79 part at 40 and 60; an attribute of two numbers parts
// where the second begins; values of rows behind the first ones count nowhere.
TEST(AttributeGroups, rules_are_found_for_data_that_nobody_has_described) {
  EntityTable table;
  AttributeColumn job{"job", AttributeKind::category, {}, {}, {}}, zip{"zip", AttributeKind::category, {}, {}, {}},
      one{"one", AttributeKind::category, {}, {}, {}}, age{"age", AttributeKind::number, {}, {}, {}},
      two{"two", AttributeKind::number, {}, {}, {}}, same{"same", AttributeKind::number, {}, {}, {}},
      words{"words", AttributeKind::text, {}, {}, {}}, odd{"a:b", AttributeKind::category, {}, {}, {}};
  for (int row = 0; row < 62; ++row) {
    const bool behind = row >= 60;
    table.ids.push_back(std::to_string(row));
    job.texts.push_back(row == 5 ? "" : std::to_string(row % 3));
    zip.texts.push_back(std::to_string(row % 31));
    one.texts.push_back(behind ? "other" : "same");
    age.numbers.push_back(behind ? -5 : row == 7 ? std::nan("") : 20 + row);
    two.numbers.push_back(row % 4 == 0 ? 1 : 2);
    same.numbers.push_back(3);
    words.texts.push_back("some words");
    odd.texts.push_back(std::to_string(row % 2));
  }
  table.columns = {job, zip, one, age, two, same, words, odd};
  const std::vector<std::string> rules = standard_group_rules(table, 60);
  EXPECT_EQ(rules, (std::vector<std::string>{"job", "age:40:60", "two:2"}));
  const std::vector<UserId> members = {UserId(0), UserId(1)};
  for (const std::string& rule : rules) EXPECT_NO_THROW(attribute_groups(table, rule, members)) << rule;
}

TEST(ItemAttributeGroups, several_values_are_several_groups) {
  const ItemGroups genres = item_attribute_groups(people(), "genres");
  EXPECT_EQ(genres.labels, (std::vector<std::string>{"comedy", "drama", "war"}));
  EXPECT_EQ(genres.members(2).size(), 2u);
  EXPECT_EQ(item_attribute_groups(people(), "gender").labels.size(), 2u);
  EXPECT_THROW(item_attribute_groups(people(), "age"), ConfigError);
  EXPECT_THROW(item_attribute_groups(people(), "genre"), ConfigError);
}

}  // namespace
}  // namespace coldframe
