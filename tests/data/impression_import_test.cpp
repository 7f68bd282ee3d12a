#include "framework/data/impression_import.h"

#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/data/dataset_store.h"
#include "framework/data/impression_csv.h"
#include "framework/data/mapping_importer.h"
#include "tests/data/expect_error.h"
#include "tests/data/scratch_folder.h"
#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

using testing::expect_error;
using testing::ScratchFolder;

constexpr std::string_view k_ours =
    "[source]\nname = t\nmax_malformed_share = 0.5\n"
    "[impressions]\nfile = log.csv\npage = page\nposition = position\nsession = session\nperiod = period\n"
    "log_propensity = log_propensity\nlog_marginal = log_marginal\ntimestamp = timestamp\ntimestamp_unit = seconds\n"
    "policy = softmax:ease\nlogging = stochastic\nclicked_items = leave\n";

class ImpressionImportTest : public ::testing::Test {
 protected:
  ImportResult import(std::string_view mapping, std::string_view log) const {
    folder.write("log.csv", log);
    return import_tables(load_mapping(folder.write("mapping.ini", mapping)), folder.path());
  }
  ScratchFolder folder;
};

/// Two pages of one user and one of another with an id that needs quotes; one propensity is unknown.
ImpressionLog log_of_tiny_data() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  ImpressionLog log;
  log.user = {UserId(0), UserId(0), UserId(0), UserId(0), UserId(1), UserId(1)};
  log.period = {1, 1, 1, 1, 2, 2};
  log.session = {0, 0, 3, 3, 0, 0};
  log.page = {0, 0, 7, 7, 0, 0};
  log.position = {0, 1, 0, 1, 0, 1};
  log.item = {ItemId(2), ItemId(0), ItemId(1), ItemId(3), ItemId(2), ItemId(3)};
  log.log_propensity = {-1.25, -0.1 / 3, nan, -700.5, -1e-300, 0};
  log.clicked = {0, 1, 0, 0, 1, 1};
  log.timestamp = {100, 100, 160, 160, 150, 150};
  log.log_marginal = {-2, nan, nan, nan, -0.3, -0.7};
  log.policy = "softmax:ease";
  log.logging = LoggingKind::stochastic;
  return log;
}

TEST_F(ImpressionImportTest, an_exported_log_comes_back_bit_by_bit) {
  Dataset data = testing::tiny_dataset();
  data.items.ids[3] = "a, \"quoted\" id";
  const ImpressionLog log = log_of_tiny_data();
  write_impression_csv(folder / "log.csv", data, log);
  const auto imported = import(k_ours, testing::read_bytes(folder / "log.csv"));
  ASSERT_TRUE(imported.impressions.has_value());
  const ImpressionLog& back = *imported.impressions;
  ASSERT_EQ(back.size(), log.size());
  const auto same = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  for (std::size_t row = 0; row < log.size(); ++row) {
    EXPECT_EQ(imported.dataset.users.ids[back.user[row].value()], data.users.ids[log.user[row].value()]);
    EXPECT_EQ(imported.dataset.items.ids[back.item[row].value()], data.items.ids[log.item[row].value()]);
    EXPECT_TRUE(same(back.log_propensity[row], log.log_propensity[row])) << row;
    EXPECT_TRUE(same(back.log_marginal[row], log.log_marginal[row])) << row;
  }
  EXPECT_EQ(back.period, log.period);
  EXPECT_EQ(back.session, log.session);
  EXPECT_EQ(back.page, log.page);
  EXPECT_EQ(back.position, log.position);
  EXPECT_EQ(back.clicked, log.clicked);
  EXPECT_EQ(back.timestamp, log.timestamp);
  EXPECT_EQ(back.policy, "softmax:ease");
  EXPECT_EQ(back.logging, LoggingKind::stochastic);
  EXPECT_FALSE(back.clicked_stay);
  // The clicks are the interactions.
  EXPECT_EQ(imported.dataset.interactions.size(), 3u);
  EXPECT_TRUE(imported.dataset.interactions.implicit());
  EXPECT_EQ(imported.report.tables[0].table, "impressions");
}

TEST_F(ImpressionImportTest, prices_of_sold_places_come_back_and_empty_cells_are_places_not_sold) {
  ImpressionLog log = log_of_tiny_data();
  log.price = {0, 0.1 / 3, 0, 0, 7, 0};
  write_impression_csv(folder / "log.csv", testing::tiny_dataset(), log);
  const std::string mapping = std::string(k_ours) + "price = price\n";
  EXPECT_EQ(import(mapping, testing::read_bytes(folder / "log.csv")).impressions->price, log.price);
  const std::string some =
      "[source]\nname = t\nmax_malformed_share = 0.5\n[impressions]\nfile = log.csv\nprice = cpc\n";
  const auto imported = import(some, "user,item,clicked,cpc\na,x,1,\na,y,0,2\na,z,0,-1\n");
  EXPECT_EQ(imported.impressions->price, (std::vector<double>{0, 2}));
}

TEST_F(ImpressionImportTest, the_store_holds_what_was_imported) {
  write_impression_csv(folder / "log.csv", testing::tiny_dataset(), log_of_tiny_data());
  const Mapping mapping = load_mapping(folder.write("mapping.ini", k_ours));
  import_dataset(mapping, folder.path(), folder / "store.h5");
  EXPECT_EQ(read_impression_log(folder / "store.h5")->digest(),
            import_tables(mapping, folder.path()).impressions->digest());
  EXPECT_EQ(read_dataset(folder / "store.h5").users.ids.size(), 2u);
}

TEST_F(ImpressionImportTest, rows_of_any_order_and_numbering_become_pages) {
  const auto imported = import(
      "[source]\nname = t\n[impressions]\nfile = log.csv\nuser = who\nitem = what\nclicked = hit\npage = p\n"
      "position = rank\nfirst_position = 1\npropensity = prob\n",
      "rank,p,who,what,hit,prob\n2,4,bob,x,0,0.5\n1,4,bob,y,1,\n1,0,ann,x,1,1\n1,0,bob,x,0,0.25\n");
  const ImpressionLog& log = *imported.impressions;
  EXPECT_EQ(imported.dataset.users.ids, (std::vector<std::string>{"bob", "ann"}));
  EXPECT_EQ(log.page, (std::vector<std::uint32_t>{0, 4, 4, 0}));
  EXPECT_EQ(log.position, (std::vector<std::uint32_t>{0, 0, 1, 0}));
  EXPECT_EQ(log.log_propensity[0], std::log(0.25));
  EXPECT_TRUE(std::isnan(log.log_propensity[1]));
  EXPECT_EQ(log.log_propensity[3], 0.0);
  EXPECT_EQ(log.logging, LoggingKind::unknown);
  EXPECT_TRUE(log.clicked_stay);
  EXPECT_TRUE(log.log_marginal.empty());
  EXPECT_FALSE(imported.dataset.interactions.timed());
}

TEST_F(ImpressionImportTest, without_pages_every_row_is_one_in_the_order_of_time) {
  const auto imported =
      import("[source]\nname = t\n[impressions]\nfile = log.csv\ntimestamp = t\ntimestamp_unit = milliseconds\n",
             "user,item,clicked,t\nann,a,0,3000\nann,b,1,1000\nbob,a,1,2500\nann,c,0,2000\n");
  const ImpressionLog& log = *imported.impressions;
  EXPECT_EQ(log.page, (std::vector<std::uint32_t>{0, 1, 2, 0}));
  EXPECT_EQ(log.timestamp, (std::vector<std::int64_t>{1, 2, 3, 2}));
  EXPECT_EQ(log.position, (std::vector<std::uint32_t>{0, 0, 0, 0}));
}

TEST_F(ImpressionImportTest, more_pages_than_a_counter_holds_go_on_in_a_next_session) {
  std::string rows = "user,item,clicked\n";
  for (int row = 0; row < 4100; ++row) rows += "ann,a,0\n";
  rows += "ann,b,1\n";
  const auto imported = import("[source]\nname = t\n[impressions]\nfile = log.csv\n", rows);
  EXPECT_EQ(imported.impressions->session.back(), 1u);
  EXPECT_EQ(imported.impressions->page.back(), 4u);
}

TEST_F(ImpressionImportTest, interactions_of_their_own_stand_beside_impressions) {
  folder.write("r.csv", "user,item\nann,a\nann,z\n");
  const auto imported = import(
      "[source]\nname = t\n[interactions]\nfile = r.csv\nuser = user\nitem = item\n[impressions]\nfile = log.csv\n",
      "user,item,clicked\nann,a,1\nann,b,1\n");
  EXPECT_EQ(imported.dataset.interactions.size(), 2u);
  EXPECT_EQ(imported.dataset.items.ids, (std::vector<std::string>{"a", "z", "b"}));
  EXPECT_EQ(imported.impressions->size(), 2u);
}

TEST_F(ImpressionImportTest, malformed_rows_are_counted_by_reason) {
  const auto imported = import(
      k_ours,
      "user,item,clicked,page,position,session,period,log_propensity,log_marginal,timestamp\n"
      "u,a,0,0,0,0,0,-1,,1\nu,b,0,0,1,0,0,-1,,1\nu,c,0,0,2,0,0,-1,,1\nu,d,1,0,3,0,0,-1,,1\nu,e,0,0,4,0,0,-1,,1\n"
      "u,f,0,0,5,0,0,-1,,1\nu,g,0,0,6,0,0,-1,,1\nu,h,0,0,7,0,0,-1,,1\nu,i,0,0,8,0,0,-1,,1\n"
      "u,a,2,1,0,0,0,-1,,1\n,a,0,1,0,0,0,-1,,1\nu,,0,1,0,0,0,-1,,1\nu,a,0,1,0.5,0,0,-1,,1\nu,a,0,4096,0,0,0,-1,,1\n"
      "u,a,0,1,0,-1,0,-1,,1\nu,a,0,1,0,0,x,-1,,1\nu,a,0,1,0,0,0,0.5,,1\nu,a,0,1,0,0,0,-1,2,1\n");
  EXPECT_EQ(imported.impressions->size(), 9u);
  const auto& malformed = imported.report.tables[0].malformed;
  for (const char* reason :
       {"clicked is neither 0 nor 1", "empty user id", "empty item id", "position is no place on a page",
        "page is no number below 4096", "session is no number below 1048576", "period is no whole number",
        "log propensity is no number up to 0", "log marginal is no number up to 0"}) {
    ASSERT_TRUE(malformed.contains(reason)) << reason;
    EXPECT_EQ(malformed.at(reason).count, 1u) << reason;
  }
}

TEST_F(ImpressionImportTest, mistakes_end_the_import) {
  const std::string head = "user,item,clicked,page,position,session,period,log_propensity,log_marginal,timestamp\n";
  expect_error<DataError>([&] { import(k_ours, head + "u,a,0,0,0,0,0,-1,,1\nu,b,0,0,0,0,0,-1,,1\n"); },
                          {"two rows for position 0 of page 0", "user u"});
  expect_error<DataError>([&] { import(k_ours, "user,item,clicked\nu,a,0\n"); }, {"has no column"});
  expect_error<ConfigError>([&] { import("[source]\nname = t\n[impressions]\nfile = log.csv\npage = p\n", "x\n"); },
                            {"page and position"});
  expect_error<ConfigError>(
      [&] { import("[source]\nname = t\n[impressions]\nfile = log.csv\npropensity = a\nlog_propensity = b\n", "x\n"); },
      {"log_propensity says the same"});
  expect_error<ConfigError>([&] { import("[source]\nname = t\n", "x\n"); }, {"interactions.file"});
}

}  // namespace
}  // namespace coldframe
