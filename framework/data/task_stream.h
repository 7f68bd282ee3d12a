#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/roles.h"

namespace coldframe {

struct ImpressionLog;

/// How a log is cut into tasks that follow each other. `arrivals`: users in the order of their first interaction, equal
/// numbers of users; `calendar`: the same order, equal spans of time; `periods`: the periods of a log of pages in which
/// users saw their first page (what drifts in a simulation); `users`: segments by an attribute of users;
/// `items`: by an attribute of items (genres), every user with the likes among the items of the task.
enum class StreamKind { arrivals, calendar, periods, users, items };

struct TaskStreamOptions {
  std::string kind = "arrivals";
  std::int64_t tasks = 5;           // 0 (attributes and periods alone): one for every value, or period
  std::string attribute;            // of users or items
  std::vector<std::string> order;   // values that are tasks, in this order; empty: the most frequent first
  std::int64_t minimum_users = 10;  // of every task, to train on and to be tested

  StreamKind stream_kind() const;  // ConfigError for an unknown one
};

/// One task: who belongs to it, whatever their role. All interactions of a user belong to the task the user arrived in,
/// also those of later periods: what differs between tasks is who comes.
struct Task {
  std::string name;           // "arrivals 1997-09-20 to 1997-11-02", "gender F", "age 18 to 24", "genres Drama"
  std::vector<UserId> users;  // ascending
};

/// A data set cut into tasks, a pure function of (data set, likes, options): users of equal arrival are ordered by the
/// hash of their external id. Borrows nothing.
class TaskStream {
 public:
  /// ConfigError for options that do not fit the data set (no timestamps or pages, no such attribute or value),
  /// DataError for a task without users. `log`: the pages of the same data set, for `periods`; null where it holds
  /// none.
  TaskStream(const Dataset& dataset, const Likes& likes, const TaskStreamOptions& options,
             const ImpressionLog* log = nullptr);

  std::size_t size() const { return tasks_.size(); }
  const Task& task(std::size_t task) const { return tasks_[task]; }
  /// What users like in this task; with `items` the likes among its items only.
  const Likes& likes(std::size_t task) const { return likes_.size() == 1 ? likes_.front() : likes_[task]; }
  /// The users of a task who have this role.
  std::vector<UserId> users(std::size_t task, const Roles& roles, Role role) const;
  /// Users (with `items`: items) that belong to no task: no interaction, a missing value, a value that is none of them.
  std::size_t left_out() const { return left_out_; }

 private:
  std::vector<Task> tasks_;
  std::vector<Likes> likes_;  // one for all tasks, or one for each
  std::size_t left_out_ = 0;
};

/// DataError unless every task has `minimum_users` users of role T with a like and of role `tested` with more than
/// `masked` likes; it names the first task that lacks them and what it has.
void check_task_users(const TaskStream& stream, const Roles& roles, Role tested, std::size_t masked,
                      std::int64_t minimum_users);

}  // namespace coldframe
