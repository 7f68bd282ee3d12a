#include "framework/reporting/item_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using ::testing::HasSubstr;

EntityTable films() {
  EntityTable items;
  items.ids = {"a", "b", "c", "d", "e"};
  items.columns = {
      {"genres", AttributeKind::multi, {}, {}, {{"Drama", "Crime"}, {"Comedy"}, {"Drama"}, {}, {"Crime"}}}};
  return items;
}

const std::vector<std::uint64_t> k_counts = {9, 0, 4, 0, 2};

std::vector<std::uint32_t> rows(std::string_view rule) {
  std::vector<std::uint32_t> found;
  for (const ItemId item : select_items(films(), k_counts, rule)) found.push_back(item.value());
  return found;
}

TEST(ItemSelection, knows_the_tail_the_cold_and_values_of_columns) {
  EXPECT_EQ(rows("tail"), (std::vector<std::uint32_t>{1, 2, 3, 4})) << "four fifths of five";
  EXPECT_EQ(rows("cold"), (std::vector<std::uint32_t>{1, 3}));
  EXPECT_EQ(rows("genres=Drama"), (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(rows("genres=Crime"), (std::vector<std::uint32_t>{0, 4}));
}

TEST(ItemSelection, refuses_what_selects_nothing_or_everything) {
  const auto refused = [](std::string_view rule, const std::vector<std::uint64_t>& counts, const char* words) {
    try {
      select_items(films(), counts, rule);
      FAIL() << rule;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(words));
    }
  };
  refused("tial", k_counts, "tail, cold or COLUMN=VALUE");
  refused("genre=Drama", k_counts, "genres");
  refused("genres=Dramma", k_counts, "did you mean Drama?");
  refused("cold", {1, 1, 1, 1, 1}, "0 of 5 items fit");
  refused("cold", {0, 0, 0, 0, 0}, "5 of 5 items fit");
}

}  // namespace
}  // namespace coldframe
