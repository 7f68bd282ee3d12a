#include "framework/data/text_views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "framework/core/error.h"
#include "framework/text/tokenizer.h"

namespace coldframe {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double k_missing = std::numeric_limits<double>::quiet_NaN();

EntityTable tiny_users() {
  return {.ids = {"u1", "u2", "u3"},
          .columns = {
              {.name = "age", .kind = AttributeKind::number, .texts = {}, .numbers = {24, 53, k_missing}, .values = {}},
              {.name = "gender", .kind = AttributeKind::category, .texts = {"M", "F", ""}, .numbers = {}, .values = {}},
              {.name = "occupation",
               .kind = AttributeKind::category,
               .texts = {"technician", "other", ""},
               .numbers = {},
               .values = {}}}};
}

EntityTable tiny_items() {
  return {.ids = {"i1", "i2", "i3", "i4"},
          .columns = {{.name = "title",
                       .kind = AttributeKind::text,
                       .texts = {"Toy Story", "Usual Suspects, The", "unkonwn", "Fargo"},
                       .numbers = {},
                       .values = {}},
                      {.name = "year",
                       .kind = AttributeKind::number,
                       .texts = {},
                       .numbers = {1995, 1995, k_missing, 1996},
                       .values = {}},
                      {.name = "genres",
                       .kind = AttributeKind::multi,
                       .texts = {},
                       .numbers = {},
                       .values = {{"Animation", "Children's"}, {"Crime"}, {"unknown"}, {}}}}};
}

std::vector<ItemId> items(std::initializer_list<std::uint32_t> rows) {
  std::vector<ItemId> ids;
  for (const std::uint32_t row : rows) ids.emplace_back(row);
  return ids;
}

class TextViewsTest : public ::testing::Test {
 protected:
  EntityTable users_ = tiny_users();
  EntityTable items_ = tiny_items();
  TextOptions options_;
};

TEST_F(TextViewsTest, render_items_with_title_year_and_genres) {
  const TextViews views(users_, items_, options_);
  EXPECT_EQ(views.item(ItemId(0)), "Toy Story (1995). Animation Children's");
  EXPECT_EQ(views.item(ItemId(1)), "The Usual Suspects (1995). Crime");
  EXPECT_EQ(views.item(ItemId(2)), "");
  EXPECT_EQ(views.item(ItemId(3)), "Fargo (1996).");
}

TEST_F(TextViewsTest, know_the_id_of_an_item_unless_an_attribute_is_called_so) {
  options_.item = options_.history_entry = "No. {id}";
  EXPECT_EQ(TextViews(users_, items_, options_).item(ItemId(0)), "No. " + items_.ids[0]);
  EntityTable nothing_else = items_;
  nothing_else.columns.clear();
  EXPECT_EQ(TextViews(users_, nothing_else, options_).item(ItemId(1)), "No. " + items_.ids[1]);
  items_.columns.front().name = "id";
  EXPECT_NE(TextViews(users_, items_, options_).item(ItemId(0)), "No. " + items_.ids[0]);
  options_.user = "{id}";
  EXPECT_THROW(TextViews(users_, items_, options_), ConfigError);
}

TEST_F(TextViewsTest, render_users_with_their_attributes) {
  const TextViews views(users_, items_, options_);
  EXPECT_EQ(views.user(UserId(0), {}, TextUse::training), "A 24 year old man, technician.");
  EXPECT_EQ(views.user(UserId(1), {}, TextUse::training), "A 53 year old woman, other.");
  EXPECT_EQ(views.user(UserId(2), {}, TextUse::training), "A person.");
}

TEST_F(TextViewsTest, show_the_newest_titles_and_pass_over_items_without_one) {
  options_.history_training = 2;
  options_.history_evaluation = 3;
  const TextViews views(users_, items_, options_);
  const std::vector<ItemId> history = items({2, 1, 3, 0});
  EXPECT_EQ(views.user(UserId(0), history, TextUse::training),
            "A 24 year old man, technician. Liked: The Usual Suspects; Fargo.");
  EXPECT_EQ(views.user(UserId(0), history, TextUse::evaluation),
            "A 24 year old man, technician. Liked: The Usual Suspects; Fargo; Toy Story.");
  EXPECT_EQ(views.user(UserId(0), history, 1), "A 24 year old man, technician. Liked: The Usual Suspects.");
  EXPECT_EQ(views.user(UserId(0), history, 0), "A 24 year old man, technician.");
  EXPECT_EQ(views.user(UserId(0), items({2}), 5), "A 24 year old man, technician.");
}

TEST_F(TextViewsTest, put_prompts_in_front_but_not_into_histories) {
  options_.user_prompt = "query: ";
  options_.item_prompt = "passage: ";
  const TextViews views(users_, items_, options_);
  EXPECT_EQ(views.item(ItemId(3)), "passage: Fargo (1996).");
  EXPECT_EQ(views.user(UserId(0), items({3}), 1), "query: A 24 year old man, technician. Liked: Fargo.");
  EXPECT_EQ(views.history_entry(ItemId(3)), "Fargo");
}

TEST_F(TextViewsTest, write_whole_numbers_without_a_fraction) {
  items_.columns[1].numbers = {1995.5, -3, 1e6, k_missing};
  options_.item = "{year|-}";
  const TextViews views(users_, items_, options_);
  EXPECT_EQ(views.item(ItemId(0)), "1995.5");
  EXPECT_EQ(views.item(ItemId(1)), "-3");
  EXPECT_EQ(views.item(ItemId(2)), "1000000");
  EXPECT_EQ(views.item(ItemId(3)), "-");
}

TEST_F(TextViewsTest, refuse_fields_the_tables_lack) {
  const auto error = [&](auto change) -> std::string {
    TextOptions options;
    change(options);
    try {
      TextViews(users_, items_, options);
    } catch (const ConfigError& failure) {
      return failure.what();
    }
    return "no error";
  };
  EXPECT_THAT(error([](auto& o) { o.item = "{titel}"; }), HasSubstr("text.item names the field titel"));
  EXPECT_THAT(error([](auto& o) { o.item = "{titel}"; }), HasSubstr("title, year, genres"));
  EXPECT_THAT(error([](auto& o) { o.item = "{history}"; }), HasSubstr("text.item names the field history"));
  EXPECT_THAT(error([](auto& o) { o.user = "{name}"; }), HasSubstr("age, gender, occupation, history"));
  EXPECT_THAT(error([](auto& o) { o.history_entry = "{age}"; }), HasSubstr("text.history_entry names the field age"));
  EXPECT_EQ(error([](auto&) {}), "no error");
}

TEST(TextOptionsTest, report_every_template_that_does_not_parse) {
  TextOptions options;
  EXPECT_TRUE(options.validate().empty());
  options.item = "{title";
  options.user = "a newcomer";
  options.max_tokens = 3;
  std::vector<std::string> keys;
  for (const Problem& problem : options.validate()) keys.push_back(problem.key);
  EXPECT_THAT(keys, ElementsAre("item", "user", "max_tokens"));
}

/// MovieLens-100K as its importer makes it, as far as texts need it.
class MovieLensTexts : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* variable = std::getenv("COLDFRAME_DEPS_DIR");
    ASSERT_NE(variable, nullptr) << "run the tests through ctest";
    const std::filesystem::path deps = variable;
    encoder_ = deps / "encoders" / "all-MiniLM-L6-v2";
    folder_ = deps / "movielens-100k";
    if (!std::filesystem::exists(folder_ / "ml-100k.item") || !std::filesystem::exists(encoder_ / "vocab.txt")) {
      GTEST_SKIP() << "no MovieLens-100K or no encoder in " << deps << ": run cluster/setup.sh";
    }
    for (const auto& row : read_rows(folder_ / "ml-100k.item"))
      add(items_, row[0], {{"title", row[1]}, {"year", row[2]}, {"genres", row[3]}});
    for (const auto& row : read_rows(folder_ / "ml-100k.user"))
      add(users_, row[0], {{"age", row[1]}, {"gender", row[2]}, {"occupation", row[3]}});
  }

  static std::vector<std::vector<std::string>> read_rows(const std::filesystem::path& path) {
    std::vector<std::vector<std::string>> rows;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      std::istringstream cells(line);
      rows.emplace_back();
      for (std::string cell; std::getline(cells, cell, '\t');) rows.back().push_back(cell);
    }
    rows.erase(rows.begin());
    return rows;
  }

  static void add(EntityTable& table, const std::string& id,
                  const std::vector<std::pair<std::string, std::string>>& cells) {
    if (table.columns.empty()) {
      for (const auto& cell : cells) {
        table.columns.push_back(
            {.name = cell.first, .kind = AttributeKind::text, .texts = {}, .numbers = {}, .values = {}});
      }
    }
    table.ids.push_back(id);
    for (std::size_t i = 0; i < cells.size(); ++i) table.columns[i].texts.push_back(cells[i].second);
  }

  /// Items rated 4 or 5, by user, oldest first; ties by row of the item.
  std::map<UserId, std::vector<ItemId>> read_likes() const {
    std::map<UserId, std::vector<std::pair<std::string, ItemId>>> timed;
    const auto row_of = [](const EntityTable& table, const std::string& id) {
      return static_cast<std::uint32_t>(std::ranges::find(table.ids, id) - table.ids.begin());
    };
    for (const auto& row : read_rows(folder_ / "ml-100k.inter")) {
      if (row[2] < "4") continue;
      timed[UserId(row_of(users_, row[0]))].emplace_back(row[3], ItemId(row_of(items_, row[1])));
    }
    std::map<UserId, std::vector<ItemId>> likes;
    for (auto& [user, rows] : timed) {
      std::ranges::sort(rows);
      for (const auto& [time, item] : rows) likes[user].push_back(item);
    }
    return likes;
  }

  std::filesystem::path encoder_;
  std::filesystem::path folder_;
  EntityTable users_;
  EntityTable items_;
};

TEST_F(MovieLensTexts, have_the_documented_lengths) {
  const TextViews views(users_, items_, TextOptions{});
  const auto tokenizer = Tokenizer::from_folder(encoder_);
  double item_tokens = 0;
  double title_tokens = 0;
  for (std::uint32_t item = 0; item < items_.size(); ++item) {
    item_tokens += static_cast<double>(tokenizer->encode(views.item(ItemId(item))).size());
    title_tokens += static_cast<double>(tokenizer->encode(views.history_entry(ItemId(item))).size());
  }
  const auto item_count = static_cast<double>(items_.size());
  RecordProperty("item_tokens", std::to_string(item_tokens / item_count));
  EXPECT_NEAR(item_tokens / item_count, 11.85, 0.01);
  RecordProperty("title_tokens", std::to_string(title_tokens / item_count));

  EXPECT_NEAR(title_tokens / item_count, 5.84, 0.01);

  const std::vector<std::pair<std::size_t, double>> documented = {{0, 10}, {1, 15}, {3, 24}, {5, 32}, {10, 54}};
  const auto likes = read_likes();
  for (const auto& [shots, mean] : documented) {
    double tokens = 0;
    double users = 0;
    for (const auto& [user, liked] : likes) {
      if (liked.size() < 11) continue;
      std::vector<ItemId> history(liked.begin(), liked.begin() + static_cast<std::ptrdiff_t>(shots));
      std::ranges::reverse(history);
      tokens += static_cast<double>(tokenizer->encode(views.user(user, history, TextUse::evaluation)).size());
      ++users;
    }
    RecordProperty("user_tokens_" + std::to_string(shots), std::to_string(tokens / users));
    EXPECT_EQ(users, 876);
    EXPECT_NEAR(tokens / users, mean, 1.0) << shots << " titles";
  }
}

}  // namespace
}  // namespace coldframe
