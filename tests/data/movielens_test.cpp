// The facts of MovieLens-100K, on the real files where they are and on the shipped mapping.
#include <gtest/gtest.h>

#include <cstdlib>
#include <numeric>

#include "framework/data/cold_start.h"
#include "framework/data/dataset_store.h"
#include "framework/data/leakage.h"
#include "framework/data/likes.h"
#include "framework/data/mapping_importer.h"
#include "framework/data/roles.h"
#include "tests/data/scratch_folder.h"

namespace coldframe {
namespace {

std::filesystem::path from_environment(const char* name, const char* inside) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::filesystem::path{} : std::filesystem::path(value) / inside;
}

std::filesystem::path shipped_mapping(const std::string& dataset) {
  return from_environment("COLDFRAME_SOURCE_DIR", "datasets") / dataset / "mapping.ini";
}

class MovieLensTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto folder = from_environment("COLDFRAME_DEPS_DIR", "movielens-100k");
    if (!std::filesystem::exists(folder / "ml-100k.inter")) return;
    imported_ = new ImportResult(import_tables(load_mapping(shipped_mapping("movielens-100k")), folder));
  }
  static void TearDownTestSuite() { delete std::exchange(imported_, nullptr); }
  void SetUp() override {
    if (imported_ == nullptr) GTEST_SKIP() << "MovieLens-100K is not in COLDFRAME_DEPS_DIR/movielens-100k";
  }
  static inline ImportResult* imported_ = nullptr;
};

TEST_F(MovieLensTest, has_the_published_size_and_nothing_is_dropped) {
  const auto& [data, report, impressions] = *imported_;
  EXPECT_EQ(data.users.size(), 943u);
  EXPECT_EQ(data.items.size(), 1682u);
  EXPECT_EQ(data.interactions.size(), 100'000u);
  for (const TableReport& table : report.tables) {
    EXPECT_EQ(table.rows_kept, table.rows_read);
    EXPECT_TRUE(table.malformed.empty());
    EXPECT_EQ(table.provenance, "as published");
  }
  // Item 1412 has "V" (a video) where its year should be; the year stands in its title.
  EXPECT_EQ(report.tables[2].unreadable_cells, (std::map<std::string, std::size_t>{{"year", 1}}));
}

TEST_F(MovieLensTest, attributes_have_their_kinds_and_missing_values) {
  const Dataset& data = imported_->dataset;
  const auto row_of = [](const EntityTable& table, std::string_view id) {
    return static_cast<std::size_t>(std::find(table.ids.begin(), table.ids.end(), id) - table.ids.begin());
  };
  const std::size_t unknown = row_of(data.items, "267");
  for (const char* name : {"title", "year", "genres"}) {
    ASSERT_NE(data.items.find(name), nullptr);
    EXPECT_TRUE(data.items.find(name)->missing(unknown)) << name;
  }
  EXPECT_EQ(data.items.find("title")->cell(row_of(data.items, "265")), "Hunt for Red October, The");
  EXPECT_EQ(data.items.find("year")->cell(0), "1995");
  EXPECT_EQ(data.items.find("genres")->values[0], (std::vector<std::string>{"Animation", "Children's", "Comedy"}));
  const AttributeColumn& age = *data.users.find("age");
  EXPECT_EQ(*std::min_element(age.numbers.begin(), age.numbers.end()), 7);
  EXPECT_EQ(*std::max_element(age.numbers.begin(), age.numbers.end()), 73);
  const AttributeColumn& zip = *data.users.find("zip_code");
  EXPECT_NE(std::find(zip.texts.begin(), zip.texts.end(), "T8H1N"), zip.texts.end());
  EXPECT_NE(std::find(zip.texts.begin(), zip.texts.end(), "00000"), zip.texts.end());
}

TEST_F(MovieLensTest, has_55375_likes_and_876_users_with_eleven_over_five_folds) {
  const Dataset& data = imported_->dataset;
  const Likes likes(data, {.threshold = 4});
  EXPECT_EQ(likes.total(), 55'375u);
  std::size_t evaluated = 0, left_out = 0;
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const Roles roles(data, {.seed = 17, .fold = fold});
    const auto cases = make_cold_start_cases(likes, roles.users(Role::held_out));
    evaluated += cases.users.size();
    left_out += cases.left_out;
    const LeakageReport report = check_leakage(data, roles, training_rows(data, roles));
    EXPECT_TRUE(report.clean()) << report.text();
  }
  EXPECT_EQ(evaluated, 876u);
  EXPECT_EQ(left_out, 67u);
}

TEST_F(MovieLensTest, survives_the_store) {
  const testing::ScratchFolder folder;
  write_dataset(folder / "ml.h5", imported_->dataset);
  EXPECT_EQ(content_checksum(read_dataset(folder / "ml.h5")), imported_->report.content_sha256);
}

// data.md: "nearly half of the users have a tie" at the border between shown and hidden likes.
TEST_F(MovieLensTest, nearly_half_of_the_users_have_equal_timestamps_around_the_tenth_like) {
  const Likes likes(imported_->dataset, {.threshold = 4});
  std::size_t users = 0, tied = 0;
  for (std::uint32_t user = 0; user < likes.user_count(); ++user) {
    const auto times = likes.times_of(UserId(user));
    if (times.size() <= 10) continue;
    ++users;
    if (times[9] == times[10]) ++tied;
  }
  EXPECT_EQ(users, 876u);
  EXPECT_GT(tied, 876u / 3);
  EXPECT_LT(tied, 876u * 2 / 3);
}

TEST(ShippedMappings, all_load) {
  for (const char* name : {"movielens-100k", "movielens-100k-original", "movielens-1m", "movielens-latest",
                           "amazon-reviews-2018", "amazon-reviews-2023"}) {
    EXPECT_NO_THROW(load_mapping(shipped_mapping(name))) << name;
  }
}

TEST(ShippedMappings, the_example_in_the_readme_works) {
  const testing::ScratchFolder folder;
  const std::string readme = testing::read_bytes(from_environment("COLDFRAME_SOURCE_DIR", "datasets") / "README.md");
  const std::size_t begin = readme.find("```ini\n") + 7;
  ASSERT_LT(begin, readme.size());
  const auto mapping = folder.write("mapping.ini", readme.substr(begin, readme.find("```", begin) - begin));
  folder.write("events.csv", "user_id,sku,stars,time\na,1,5,1529193600123\na,2,5,1529193600123\n");
  folder.write("items.csv", "sku,name,genres\n1,X,not available\n");
  const auto [data, report, impressions] = import_tables(load_mapping(mapping), folder.path());
  EXPECT_EQ(data.interactions.size(), 1u);
  EXPECT_TRUE(data.items.find("genres")->missing(0));
}

// Two rows of every file in the layout of the original download.
TEST(ShippedMappings, read_the_other_movielens_layouts) {
  const testing::ScratchFolder folder;
  folder.write("u.data", "1\t2\t3\t881250949\n2\t1\t5\t891717742\n");
  folder.write("u.user", "1|24|M|technician|85711\n2|53|F|other|T8H1N\n");
  folder.write("u.item",
               "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
               "2|Mis\xE9rables, Les (1995)|||http://y|0|0|0|0|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0\n");
  const Dataset small = import_tables(load_mapping(shipped_mapping("movielens-100k-original")), folder.path()).dataset;
  EXPECT_EQ(small.items.find("title")->cell(1), "Misérables, Les");
  EXPECT_EQ(small.items.find("year")->cell(1), "1995");
  EXPECT_EQ(small.items.find("genres")->cell(0, ","), "Animation,Children's,Comedy");
  EXPECT_EQ(small.users.find("zip_code")->cell(1), "T8H1N");

  folder.write("ratings.dat", "1::2::3::978300760\n2::1::5::978302109\n");
  folder.write("users.dat", "1::F::1::10::48067\n2::M::56::16::70072\n");
  folder.write("movies.dat", "1::Star Wars: Episode IV (1977)::Action|Sci-Fi\n2::Mis\xE9rables, Les (1998)::Drama\n");
  const Dataset million = import_tables(load_mapping(shipped_mapping("movielens-1m")), folder.path()).dataset;
  EXPECT_EQ(million.items.find("title")->cell(0), "Star Wars: Episode IV");
  EXPECT_EQ(million.users.find("age_band")->cell(0), "under-18");

  folder.write("ratings.csv", "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n");
  folder.write("movies.csv",
               "movieId,title,genres\n31,\"American President, The (1995)\",Comedy|Drama\n7,X,(no genres listed)\n");
  const Dataset latest = import_tables(load_mapping(shipped_mapping("movielens-latest")), folder.path()).dataset;
  EXPECT_EQ(latest.items.find("title")->cell(0), "American President, The");
  EXPECT_TRUE(latest.items.find("genres")->missing(1));
  EXPECT_EQ(latest.interactions.rating.front(), 2.5f);
}

TEST(AmazonGiftCards, real_json_lines_are_imported) {
  const auto folder = from_environment("COLDFRAME_EXTRA_DATA", "amazon-gift-cards");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "COLDFRAME_EXTRA_DATA holds no amazon-gift-cards";
  const auto [data, report, impressions] = import_tables(load_mapping(shipped_mapping("amazon-reviews-2018")), folder);
  EXPECT_EQ(report.tables[0].rows_read, 2972u);
  EXPECT_EQ(data.users.size(), 458u);
  EXPECT_EQ(report.tables[1].rows_read, 1547u);
  const AttributeColumn& description = *data.items.find("description");
  std::size_t described = 0, tagged = 0;
  for (const std::string& text : description.texts) {
    described += !text.empty();
    tagged += text.find("<br") != std::string::npos || text.find("&amp;") != std::string::npos;
  }
  EXPECT_GT(described, 500u);
  EXPECT_EQ(tagged, 0u);
  EXPECT_EQ(report.tables[0].dropped.at("duplicate of a later row"), 3u);
  EXPECT_EQ(report.items_created, 0u);
}

}  // namespace
}  // namespace coldframe
