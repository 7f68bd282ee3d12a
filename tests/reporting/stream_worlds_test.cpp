#include "framework/reporting/stream_worlds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/reporting/measures.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

/// Three tasks of twelve people each, whose rates are `level` and a bit more or less.
std::vector<double> around(double level) {
  std::vector<double> rates;
  for (int pair = 1; pair <= 6; ++pair) {
    rates.push_back(level - 0.003 * pair);
    rates.push_back(level + 0.003 * pair);
  }
  return rates;
}

WorldCell cell(double model, double popularity, double ceiling) {
  return {around(model), popularity < 0 ? std::vector<double>() : around(popularity), around(ceiling)};
}

StreamWorlds three_tasks() {
  StreamWorlds worlds;
  worlds.run = "lora";
  worlds.method = "naive";
  worlds.tasks = {"period 0", "period 1", "period 2"};
  worlds.user_steps = {100, 200, 300};
  worlds.change = 2;
  for (std::uint64_t task = 0; task < 3; ++task) {
    worlds.users.emplace_back();
    for (std::uint64_t user = 0; user < 12; ++user) worlds.users.back().emplace_back(100 * task + user);
  }
  // Model by (row, task); popularity .2, ceiling .6.
  const double then[4][3] = {{0.1, 0.1, 0.1}, {0.3, 0.4, 0.2}, {0.35, 0.5, 0.25}, {0.3, 0.45, 0.5}};
  worlds.then.assign(4, std::vector<WorldCell>(3));
  worlds.now = worlds.then;
  for (std::size_t row = 0; row < 4; ++row) {
    for (std::size_t task = 0; task < 3; ++task) {
      worlds.then[row][task] = cell(then[row][task], row == 0 ? -1 : 0.2, 0.6);
      if (row > 0) worlds.now[row][task] = cell(then[row][task] / 2, 0.2, 0.2);
    }
  }
  return worlds;
}

const Json& table(const Json& report, const std::string& id) {
  for (const Json& one : report.at("tables")) {
    if (one.at("id") == id) return one;
  }
  throw std::out_of_range(id);
}

double number(const Json& report, const std::string& title) {
  for (const Json& row : table(report, "stream-numbers").at("rows")) {
    if (row.at("number") == title) return row.at("value").at("value").get<double>();
  }
  throw std::out_of_range(title);
}

TEST(StreamWorlds, by_hand) {
  const Json report = stream_worlds_report(three_tasks(), {.replicates = 200, .level = 0.95, .seed = 1});
  // Tasks 2 and 3 before they were learned from: rows 1 and 2, .4 and .25.
  EXPECT_NEAR(number(report, "people of tasks 2 .. T before they were learned from"), 0.325, 1e-9);
  EXPECT_NEAR(number(report, "popularity on the same people"), 0.2, 1e-9);
  EXPECT_NEAR(number(report, "difference to popularity"), 0.125, 1e-9);
  EXPECT_NEAR(number(report, "all tasks' people at the end, as the world was (ACC, retention)"), 1.25 / 3, 1e-9);
  EXPECT_NEAR(number(report, "the same people in the world of the last task (ACC, currency)"), 0.625 / 3, 1e-9);
  EXPECT_NEAR(number(report, "backward transfer, as the world was"), ((0.3 - 0.3) + (0.45 - 0.5)) / 2, 1e-9);

  const Json& then = table(report, "stream-then").at("rows");
  ASSERT_EQ(then.size(), 4u);
  EXPECT_EQ(then[0].at("row"), "untrained");
  EXPECT_NEAR(then[2].at("task_2").at("value").get<double>(), 0.5, 1e-9);
  EXPECT_EQ(table(report, "stream-now").at("rows").size(), 3u) << "the untrained encoder has no world";
  // (.4 - .2) / (.6 - .2), and no share where the ceiling is popularity.
  const Json& shares = table(report, "stream-then-share").at("rows");
  EXPECT_NEAR(shares[0].at("task_2").at("value").get<double>(), 0.5, 1e-9);
  for (const Json& row : table(report, "stream-now-share").at("rows")) EXPECT_FALSE(row.contains("task_1"));
}

TEST(StreamWorlds, every_cell_has_a_name_for_bounds) {
  const Json report = stream_worlds_report(three_tasks(), {.replicates = 50, .level = 0.95, .seed = 1});
  const Measures measures = report_measures("stream", report);
  EXPECT_NEAR(*measures.find("stream.then.after_period_1.task_2").value, 0.5, 1e-9);
  EXPECT_NEAR(*measures.find("stream.then.untrained.task_2").value, 0.1, 1e-9);
  EXPECT_NEAR(*measures.find("stream.numbers.difference_to_popularity.value").value,
              number(report, "difference to popularity"), 1e-12);
  std::size_t cells = 0;
  for (const Json& row : table(report, "stream-then").at("rows")) cells += row.size() - 1;
  EXPECT_EQ(
      std::ranges::count_if(measures.names(), [](const std::string& name) { return name.starts_with("stream.then."); }),
      static_cast<std::ptrdiff_t>(cells));
}

TEST(StreamWorlds, recovery_is_told_in_user_steps) {
  StreamWorlds worlds = three_tasks();
  Json facts = stream_worlds_report(worlds, {.replicates = 50, .level = 0.95, .seed = 1}).at("facts");
  // Share .5 before the change in period 2, .125 then, which is not regained within its 300 pages.
  EXPECT_EQ(facts.at("change"), "period 2");
  EXPECT_NEAR(facts.at("recovery").at("share_before").get<double>(), 0.5, 1e-9);
  EXPECT_TRUE(facts.at("recovery").at("user_steps").is_null());
  EXPECT_EQ(facts.at("recovery").at("watched"), 300.0);
  worlds.then[2][2] = cell(0.4, 0.2, 0.6);
  facts = stream_worlds_report(worlds, {.replicates = 50, .level = 0.95, .seed = 1}).at("facts");
  EXPECT_EQ(facts.at("recovery").at("user_steps"), 0.0);
  worlds.change = 1;
  EXPECT_TRUE(
      stream_worlds_report(worlds, {.replicates = 50, .level = 0.95, .seed = 1}).at("facts").at("recovery").is_null());
  worlds.change.reset();
  EXPECT_TRUE(
      stream_worlds_report(worlds, {.replicates = 50, .level = 0.95, .seed = 1}).at("facts").at("change").is_null());
}

TEST(StreamWorlds, people_are_met_later_where_feedback_is_late) {
  StreamWorlds worlds = three_tasks();
  worlds.delay = 1;
  const Json report = stream_worlds_report(worlds, {.replicates = 50, .level = 0.95, .seed = 1});
  EXPECT_NEAR(number(report, "people of tasks 3 .. T before they were learned from"), 0.2, 1e-9);
}

}  // namespace
}  // namespace coldframe
