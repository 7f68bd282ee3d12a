#include "framework/data/task_stream.h"

#include <algorithm>
#include <set>

#include "framework/core/error.h"
#include "framework/data/attribute_segments.h"
#include "framework/data/impression_log.h"
#include "tests/data/expect_error.h"
#include "tests/data/tiny_dataset.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_day = 86400;

/// User u arrives on day `days[u]` of 1970 and likes items 0 .. 3, one a day.
Dataset arriving_on(const std::vector<std::int64_t>& days) {
  Dataset data = testing::regular_dataset(static_cast<std::uint32_t>(days.size()), 6, 0);
  data.interactions = {};
  for (std::uint32_t user = 0; user < days.size(); ++user) {
    for (std::uint32_t item = 0; item < 4; ++item) {
      data.interactions.user.push_back(UserId(user));
      data.interactions.item.push_back(ItemId(item));
      data.interactions.rating.push_back(5);
      data.interactions.timestamp.push_back((days[user] + item) * k_day);
    }
  }
  data.users.columns = {{"age", AttributeKind::number, {}, {}, {}}, {"city", AttributeKind::category, {}, {}, {}}};
  for (std::uint32_t user = 0; user < days.size(); ++user) {
    data.users.columns[0].numbers.push_back(20.0 + user);
    data.users.columns[1].texts.push_back(user == 0 ? "" : user % 3 == 0 ? "Ulm" : "Bonn");
  }
  data.items.columns = {
      {"genres", AttributeKind::multi, {}, {}, {{"Drama"}, {"Comedy", "Drama"}, {"Comedy"}, {}, {"War"}, {}}}};
  sort_interactions(data);
  return data;
}

TaskStreamOptions cut_by(const std::string& kind, std::int64_t tasks, const std::string& attribute = "",
                         const std::vector<std::string>& order = {}) {
  TaskStreamOptions options;
  options.kind = kind;
  options.tasks = tasks;
  options.attribute = attribute;
  options.order = order;
  return options;
}

std::vector<std::uint32_t> rows_of(const std::vector<UserId>& users) {
  std::vector<std::uint32_t> rows;
  for (const UserId user : users) rows.push_back(user.value());
  return rows;
}

TEST(TaskStreamTest, arrivals_are_cut_into_equal_numbers_in_order_of_the_first_interaction) {
  const Dataset data = arriving_on({50, 0, 3, 40, 1, 2});
  const TaskStream stream(data, Likes(data, {}), cut_by("arrivals", 3));
  ASSERT_EQ(stream.size(), 3u);
  EXPECT_EQ(rows_of(stream.task(0).users), (std::vector<std::uint32_t>{1, 4}));
  EXPECT_EQ(rows_of(stream.task(1).users), (std::vector<std::uint32_t>{2, 5}));
  EXPECT_EQ(rows_of(stream.task(2).users), (std::vector<std::uint32_t>{0, 3}));
  EXPECT_EQ(stream.task(0).name, "period 1, 1970-01-01 to 1970-01-02");
  EXPECT_EQ(stream.likes(2).of(UserId(0)).size(), 4u) << "all interactions of a user belong to the period of arrival";
  EXPECT_EQ(stream.left_out(), 0u);
}

/// Pages of users 0, 1, 2, ... whose first one lies in these periods; a negative one: no page at all.
ImpressionLog shown_in(const std::vector<int>& periods) {
  ImpressionLog log;
  for (std::uint32_t user = 0; user < periods.size(); ++user) {
    for (const std::uint32_t later : {2u, 0u}) {
      if (periods[user] < 0) continue;
      log.user.emplace_back(user);
      log.period.push_back(static_cast<std::uint32_t>(periods[user]) + later);
    }
  }
  return log;
}

TEST(TaskStreamTest, periods_of_a_log_are_tasks_whatever_the_times_of_interactions) {
  const Dataset data = arriving_on({50, 0, 3, 40, 1, 2, 7});
  const ImpressionLog log = shown_in({4, 4, 7, 9, 7, 12, -1});
  const TaskStream every(data, Likes(data, {}), cut_by("periods", 0), &log);
  ASSERT_EQ(every.size(), 4u);
  EXPECT_EQ(rows_of(every.task(0).users), (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(rows_of(every.task(1).users), (std::vector<std::uint32_t>{2, 4}));
  EXPECT_EQ(every.task(3).name, "period 12");
  EXPECT_EQ(every.left_out(), 1u) << "who saw no page";
  EXPECT_EQ(every.likes(3).of(UserId(5)).size(), 4u);
  const TaskStream two(data, Likes(data, {}), cut_by("periods", 2), &log);
  EXPECT_EQ(rows_of(two.task(0).users), (std::vector<std::uint32_t>{0, 1, 2, 4}));
  EXPECT_EQ(two.task(0).name, "periods 4 to 7");
  EXPECT_EQ(rows_of(two.task(1).users), (std::vector<std::uint32_t>{3, 5}));
  const TaskStream three(data, Likes(data, {}), cut_by("periods", 3), &log);
  std::size_t users = 0;
  for (std::size_t task = 0; task < 3; ++task) users += three.task(task).users.size();
  EXPECT_EQ(users, 6u) << "every period belongs to one task";
}

TEST(TaskStreamTest, periods_need_a_log_with_enough_of_them) {
  const Dataset data = arriving_on({0, 1, 2});
  const Likes likes(data, {});
  const ImpressionLog one = shown_in({3, 3, 3}), two = shown_in({3, 4, 4});
  EXPECT_THROW(TaskStream(data, likes, cut_by("periods", 0)), ConfigError) << "no log";
  EXPECT_THROW(TaskStream(data, likes, cut_by("periods", 0), &one), ConfigError);
  EXPECT_THROW(TaskStream(data, likes, cut_by("periods", 3), &two), ConfigError);
  EXPECT_EQ(TaskStream(data, likes, cut_by("periods", 2), &two).size(), 2u);
}

// Days 0 to 50 are 51 days in two halves: days up to 25 and later ones.
TEST(TaskStreamTest, the_calendar_is_cut_into_equal_spans) {
  const Dataset data = arriving_on({50, 0, 3, 40, 1, 2});
  const TaskStream stream(data, Likes(data, {}), cut_by("calendar", 2));
  EXPECT_EQ(rows_of(stream.task(0).users), (std::vector<std::uint32_t>{1, 2, 4, 5}));
  EXPECT_EQ(rows_of(stream.task(1).users), (std::vector<std::uint32_t>{0, 3}));
}

TEST(TaskStreamTest, equal_arrivals_are_ordered_by_the_id_not_by_the_row) {
  const Dataset data = arriving_on(std::vector<std::int64_t>(12, 7));
  Dataset turned = data;
  std::ranges::reverse(turned.users.ids);
  const TaskStreamOptions options = cut_by("arrivals", 3);
  const TaskStream one(data, Likes(data, {}), options), other(turned, Likes(turned, {}), options);
  for (std::size_t task = 0; task < 3; ++task) {
    std::set<std::string> names, other_names;
    for (const UserId user : one.task(task).users) names.insert(data.users.ids[user.value()]);
    for (const UserId user : other.task(task).users) other_names.insert(turned.users.ids[user.value()]);
    EXPECT_EQ(names, other_names);
  }
}

TEST(TaskStreamTest, a_period_in_which_nobody_arrives_is_an_error) {
  const Dataset data = arriving_on({0, 1, 2, 90});
  testing::expect_error<DataError>([&] { TaskStream(data, Likes(data, {}), cut_by("calendar", 3)); },
                                   {"period 2 of 3", "1970-01-01 to 1970-04-01", "continual.stream = arrivals"});
}

TEST(TaskStreamTest, periods_need_timestamps) {
  Dataset data = arriving_on({0, 1, 2});
  data.interactions.timestamp.clear();
  sort_interactions(data);
  testing::expect_error<ConfigError>([&] { TaskStream(data, Likes(data, {}), {}); },
                                     {"no timestamps", "continual.stream = users"});
  testing::expect_error<ConfigError>([&] { TaskStream(data, Likes(data, {}), cut_by("months", 5)); },
                                     {"months", "arrivals"});
}

TEST(TaskStreamTest, segments_of_users_come_most_frequent_first_or_as_ordered) {
  const Dataset data = arriving_on({0, 1, 2, 3, 4, 5, 6});  // 0: none; Ulm 3 6; Bonn 1 2 4 5
  const Likes likes(data, {});
  const TaskStream stream(data, likes, cut_by("users", 0, "city"));
  ASSERT_EQ(stream.size(), 2u);
  EXPECT_EQ(stream.task(0).name, "city Bonn");
  EXPECT_EQ(rows_of(stream.task(1).users), (std::vector<std::uint32_t>{3, 6}));
  EXPECT_EQ(stream.left_out(), 1u);
  const TaskStream ordered(data, likes, cut_by("users", 0, "city", {"Ulm", "Bonn"}));
  EXPECT_EQ(ordered.task(0).name, "city Ulm");
}

// Ages 20 .. 26 in three bands: cuts at the values in places 2 and 4.
TEST(TaskStreamTest, numbers_make_bands) {
  const Dataset data = arriving_on({0, 1, 2, 3, 4, 5, 6});
  const TaskStream stream(data, Likes(data, {}), cut_by("users", 3, "age"));
  ASSERT_EQ(stream.size(), 3u);
  EXPECT_EQ(stream.task(0).name, "age 20 to 21");
  EXPECT_EQ(rows_of(stream.task(1).users), (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(stream.task(2).name, "age 24 to 26");
}

// Comedy: items 1 and 2; Drama: 0 and 1; War: 4, which nobody likes. Comedy and Drama are equally frequent, so the name
// decides; item 1 carries both and belongs to the first.
TEST(TaskStreamTest, tasks_of_items_share_users_and_no_item) {
  const Dataset data = arriving_on({0, 1});
  const TaskStream stream(data, Likes(data, {}), cut_by("items", 2, "genres"));
  EXPECT_EQ(stream.task(0).name, "genres Comedy");
  EXPECT_EQ(rows_of(stream.task(1).users), (std::vector<std::uint32_t>{0, 1}));
  const auto comedies = stream.likes(0).of(UserId(0)), dramas = stream.likes(1).of(UserId(0));
  EXPECT_EQ((std::vector<ItemId>{comedies.begin(), comedies.end()}), (std::vector<ItemId>{ItemId(1), ItemId(2)}));
  EXPECT_EQ((std::vector<ItemId>{dramas.begin(), dramas.end()}), (std::vector<ItemId>{ItemId(0)}));
  EXPECT_EQ(stream.likes(0).times_of(UserId(0)).size(), 2u);
}

TEST(TaskStreamTest, attributes_that_make_no_segments_are_refused) {
  const Dataset data = arriving_on({0, 1, 2, 3});
  const Likes likes(data, {});
  const auto make = [&](TaskStreamOptions options) { TaskStream(data, likes, options); };
  testing::expect_error<ConfigError>([&] { make(cut_by("users", 5, "cities")); }, {"no such attribute", "age, city"});
  testing::expect_error<ConfigError>(
      [&] {
        make(cut_by("users", 5, "city", {"Bonn", "Um"}));
      },
      {"continual.order names Um", "Ulm"});
  testing::expect_error<ConfigError>([&] { make(cut_by("users", 5, "city", {"Ulm", "Ulm"})); }, {"twice"});
  testing::expect_error<ConfigError>([&] { make(cut_by("users", 5, "city", {"Ulm"})); }, {"1 segments"});
  testing::expect_error<ConfigError>([&] { make(cut_by("users", 0, "age")); }, {"bands"});
  testing::expect_error<ConfigError>([&] { make(cut_by("users", 5, "age", {"20"})); }, {"ascending"});
}

TEST(TaskStreamTest, every_task_needs_people_to_train_on_and_to_test) {
  std::vector<std::int64_t> days(60);
  for (std::size_t user = 0; user < days.size(); ++user) days[user] = static_cast<std::int64_t>(user);
  const Dataset data = arriving_on(days);
  const Likes likes(data, {});
  const Roles roles(data, {});
  const TaskStream stream(data, likes, cut_by("arrivals", 2));
  EXPECT_EQ(stream.users(0, roles, Role::train).size() + stream.users(1, roles, Role::train).size(),
            roles.users(Role::train).size());
  EXPECT_NO_THROW(check_task_users(stream, roles, Role::held_out, 3, 2));
  testing::expect_error<DataError>(
      [&] { check_task_users(stream, roles, Role::held_out, 4, 2); },
      {"task 1 of 2 (period 1, 1970-01-01", "0 of role H with more than 4 likes", "evaluation.masked"});
}

}  // namespace
}  // namespace coldframe
