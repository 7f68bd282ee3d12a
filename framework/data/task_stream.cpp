#include "framework/data/task_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>

#include "framework/core/error.h"
#include "framework/data/attribute_segments.h"
#include "framework/data/impression_log.h"

namespace coldframe {
namespace {

struct Arrival {
  UserId user;
  std::int64_t at = 0;  // unix seconds of the first interaction
};

std::string date_of(std::int64_t unix_seconds) {
  const std::chrono::sys_days day =
      std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(unix_seconds)));
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

/// Users in the order of their first interaction; equal ones by the hash of the external id.
std::vector<Arrival> arrivals_of(const Dataset& dataset) {
  std::vector<Arrival> arrivals;
  const Interactions& all = dataset.interactions;
  for (std::size_t row = 0; row < all.size(); ++row) {
    if (row == 0 || all.user[row] != all.user[row - 1]) arrivals.push_back({all.user[row], all.timestamp[row]});
  }
  std::ranges::sort(arrivals, [&](const Arrival& a, const Arrival& b) {
    return a.at != b.at ? a.at < b.at : dataset.user_key(a.user) < dataset.user_key(b.user);
  });
  return arrivals;
}

std::size_t period_of(StreamKind kind, const std::vector<Arrival>& arrivals, std::size_t place, std::size_t tasks) {
  if (kind == StreamKind::arrivals) return place * tasks / arrivals.size();
  const double span = static_cast<double>(arrivals.back().at - arrivals.front().at) + 1.0;
  const double since = static_cast<double>(arrivals[place].at - arrivals.front().at);
  return std::min(tasks - 1, static_cast<std::size_t>(since * static_cast<double>(tasks) / span));
}

std::vector<Task> periods(const Dataset& dataset, StreamKind kind, std::size_t tasks) {
  const std::vector<Arrival> arrivals = arrivals_of(dataset);
  std::vector<Task> made(tasks);
  std::vector<std::pair<std::int64_t, std::int64_t>> spans(tasks);
  for (std::size_t place = 0; place < arrivals.size(); ++place) {
    const std::size_t period = period_of(kind, arrivals, place, tasks);
    if (made[period].users.empty()) spans[period].first = arrivals[place].at;
    spans[period].second = arrivals[place].at;
    made[period].users.push_back(arrivals[place].user);
  }
  for (std::size_t period = 0; period < tasks; ++period) {
    if (made[period].users.empty()) {
      throw DataError(fmt::format("period {} of {} has no user who arrives in it", period + 1, tasks),
                      fmt::format("{} users arrive from {} to {}", arrivals.size(), date_of(arrivals.front().at),
                                  date_of(arrivals.back().at)),
                      std::string("lower continual.tasks") +
                          (kind == StreamKind::calendar ? ", or set continual.stream = arrivals" : ""));
    }
    made[period].name =
        fmt::format("period {}, {} to {}", period + 1, date_of(spans[period].first), date_of(spans[period].second));
    std::ranges::sort(made[period].users);
  }
  return made;
}

constexpr std::uint32_t k_no_period = std::numeric_limits<std::uint32_t>::max();

/// The period of every user's first page. [users]
std::vector<std::uint32_t> first_periods(const ImpressionLog& log, std::size_t users) {
  std::vector<std::uint32_t> first(users, k_no_period);
  for (std::size_t row = 0; row < log.size(); ++row) {
    std::uint32_t& period = first[log.user[row].value()];
    period = std::min(period, log.period[row]);
  }
  return first;
}

/// Periods of a log, one for every task or several that follow each other.
std::vector<Task> logged_periods(const Dataset& dataset, const ImpressionLog& log, std::size_t tasks) {
  const std::vector<std::uint32_t> first = first_periods(log, dataset.users.size());
  std::set<std::uint32_t> distinct(first.begin(), first.end());
  distinct.erase(k_no_period);
  const std::vector<std::uint32_t> known(distinct.begin(), distinct.end());
  if (tasks == 0) tasks = known.size();
  if (tasks < 2 || tasks > known.size()) {
    throw ConfigError(
        fmt::format("continual.tasks = {}", tasks),
        fmt::format("newcomers of the log arrive in {} period{}", known.size(), known.size() == 1 ? "" : "s"),
        "set it to a number of tasks from 2 to that, or 0 for one in each; population.users_per_period "
        "makes periods");
  }
  std::vector<Task> made(tasks);
  for (std::size_t task = 0; task < tasks; ++task) {
    const std::size_t from = (task * known.size() + tasks - 1) / tasks;
    const std::size_t to = ((task + 1) * known.size() + tasks - 1) / tasks - 1;
    made[task].name =
        from == to ? fmt::format("period {}", known[from]) : fmt::format("periods {} to {}", known[from], known[to]);
    for (std::uint32_t user = 0; user < first.size(); ++user) {
      if (first[user] >= known[from] && first[user] <= known[to]) made[task].users.emplace_back(user);
    }
  }
  return made;
}

}  // namespace

StreamKind TaskStreamOptions::stream_kind() const {
  if (kind == "arrivals") return StreamKind::arrivals;
  if (kind == "calendar") return StreamKind::calendar;
  if (kind == "periods") return StreamKind::periods;
  if (kind == "users") return StreamKind::users;
  if (kind == "items") return StreamKind::items;
  throw ConfigError(fmt::format("continual.stream = {}", kind), "no such stream",
                    "arrivals, calendar, periods, users or items");
}

TaskStream::TaskStream(const Dataset& dataset, const Likes& likes, const TaskStreamOptions& options,
                       const ImpressionLog* log) {
  const StreamKind kind = options.stream_kind();
  const auto count = static_cast<std::size_t>(options.tasks);
  if (kind == StreamKind::arrivals || kind == StreamKind::calendar) {
    if (!dataset.interactions.timed() || dataset.interactions.size() == 0) {
      throw ConfigError(fmt::format("continual.stream = {}", options.kind), "the data set has no timestamps",
                        "set continual.stream = users or items, and continual.attribute");
    }
    if (count < 2)
      throw ConfigError(fmt::format("continual.tasks = {}", count), "a log is cut into at least 2 periods", "try 5");
    tasks_ = periods(dataset, kind, count);
    for (const Task& task : tasks_) left_out_ += task.users.size();
    left_out_ = dataset.users.size() - left_out_;
    likes_.push_back(likes);
    return;
  }
  if (kind == StreamKind::periods) {
    if (log == nullptr) {
      throw ConfigError("continual.stream = periods", "the data set holds no log of pages",
                        "give a log that `coldframe simulate --log` wrote, or set continual.stream = arrivals");
    }
    tasks_ = logged_periods(dataset, *log, count);
    left_out_ = dataset.users.size();
    for (const Task& task : tasks_) left_out_ -= task.users.size();
    likes_.push_back(likes);
    return;
  }
  const bool of_users = kind == StreamKind::users;
  const EntityTable& table = of_users ? dataset.users : dataset.items;
  const AttributeSegments segments =
      attribute_segments(table, options.attribute, count, options.order, of_users ? "users" : "items");
  for (const std::string& name : segments.names) tasks_.push_back({fmt::format("{} {}", options.attribute, name), {}});
  left_out_ = static_cast<std::size_t>(std::ranges::count(segments.of_row, AttributeSegments::none));
  if (of_users) {
    for (std::uint32_t user = 0; user < dataset.users.size(); ++user) {
      if (segments.of_row[user] != AttributeSegments::none) tasks_[segments.of_row[user]].users.emplace_back(user);
    }
    likes_.push_back(likes);
    return;
  }
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    std::vector<bool> among;
    for (const std::size_t segment : segments.of_row) among.push_back(segment == task);
    likes_.push_back(likes.only(among));
    for (std::uint32_t user = 0; user < dataset.users.size(); ++user) {
      if (!likes_.back().of(UserId(user)).empty()) tasks_[task].users.emplace_back(user);
    }
  }
}

std::vector<UserId> TaskStream::users(std::size_t task, const Roles& roles, Role role) const {
  std::vector<UserId> chosen;
  for (const UserId user : tasks_[task].users) {
    if (roles.of(user) == role) chosen.push_back(user);
  }
  return chosen;
}

void check_task_users(const TaskStream& stream, const Roles& roles, Role tested, std::size_t masked,
                      std::int64_t minimum_users) {
  for (std::size_t task = 0; task < stream.size(); ++task) {
    const auto with_more_likes = [&](Role role, std::size_t likes) {
      return std::ranges::count_if(stream.users(task, roles, role),
                                   [&](UserId user) { return stream.likes(task).of(user).size() > likes; });
    };
    const auto trained = with_more_likes(Role::train, 0), seen = with_more_likes(tested, masked);
    if (trained >= minimum_users && seen >= minimum_users) continue;
    throw DataError(
        fmt::format("task {} of {} ({}) has too few users", task + 1, stream.size(), stream.task(task).name),
        fmt::format("{} of role T with a like to train on and {} of role {} with more than {} likes to test, of {}",
                    trained, seen, role_letter(tested), masked, stream.task(task).users.size()),
        fmt::format("take fewer tasks (continual.tasks), or lower evaluation.masked or continual.minimum_users ({})",
                    minimum_users));
  }
}

}  // namespace coldframe
