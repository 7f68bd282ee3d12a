#include "framework/evaluation/stream_numbers.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace coldframe {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> minus(std::span<const double> first, std::span<const double> second) {
  std::vector<double> difference(first.size());
  std::ranges::transform(first, second, difference.begin(), std::minus<>());
  return difference;
}

bool measured(std::span<const double> row, std::size_t people) { return people > 0 && row.size() == people; }

std::optional<PeopleByTask> next_values(std::span<const TaskPeople> tasks, bool minus_popularity) {
  PeopleByTask values;
  for (const TaskPeople& people : tasks.subspan(first_informed_task(tasks))) {
    const NextCohort& next = people.next;
    if (!measured(next.model, next.users.size()) || !measured(next.popularity, next.users.size())) return std::nullopt;
    values.push_back(minus_popularity ? minus(next.model, next.popularity) : next.model);
  }
  if (values.empty()) return std::nullopt;
  return values;
}

/// Row `to` of R minus row `from`; a negative `from` subtracts nothing.
struct RowPair {
  std::size_t to = 0;
  std::ptrdiff_t from = -1;
};

template <class Rows>
std::optional<PeopleByTask> matrix_values(std::span<const TaskPeople> tasks, std::size_t first, std::size_t end, Rows rows) {
  PeopleByTask values;
  for (std::size_t task = first; task < end; ++task) {
    const TaskCohort& tested = tasks[task].tested;
    const RowPair pair = rows(task);
    const std::vector<double>& to = tested.rows.at(pair.to);
    if (!measured(to, tested.users.size())) return std::nullopt;
    if (pair.from < 0) {
      values.push_back(to);
      continue;
    }
    const std::vector<double>& from = tested.rows.at(static_cast<std::size_t>(pair.from));
    if (!measured(from, tested.users.size())) return std::nullopt;
    values.push_back(minus(to, from));
  }
  return values;
}

}  // namespace

std::string_view to_string(StreamNumber number) {
  switch (number) {
    case StreamNumber::next:
      return "next";
    case StreamNumber::next_minus_popularity:
      return "next_minus_popularity";
    case StreamNumber::average:
      return "average";
    case StreamNumber::backward_transfer:
      return "backward_transfer";
    case StreamNumber::forward_transfer:
      return "forward_transfer";
  }
  return "";
}

std::size_t first_informed_task(std::span<const TaskPeople> tasks) {
  std::size_t task = 1;
  while (task < tasks.size() && !tasks[task].next.model.empty() && tasks[task].next.popularity.empty()) ++task;
  return task;
}

std::optional<PeopleByTask> people_values(std::span<const TaskPeople> tasks, StreamNumber number) {
  const std::size_t count = tasks.size();
  if (count < 2) return std::nullopt;
  switch (number) {
    case StreamNumber::next:
    case StreamNumber::next_minus_popularity:
      return next_values(tasks, number == StreamNumber::next_minus_popularity);
    case StreamNumber::average:
      return matrix_values(tasks, 0, count, [&](std::size_t) { return RowPair{count, -1}; });
    case StreamNumber::backward_transfer:
      return matrix_values(tasks, 0, count - 1,
                           [&](std::size_t task) { return RowPair{count, static_cast<std::ptrdiff_t>(task + 1)}; });
    case StreamNumber::forward_transfer:
      return matrix_values(tasks, 1, count, [](std::size_t task) { return RowPair{task, 0}; });
  }
  return std::nullopt;
}

PeopleByTask minus(const PeopleByTask& first, const PeopleByTask& second) {
  PeopleByTask difference;
  for (std::size_t task = 0; task < first.size(); ++task) {
    difference.push_back(minus(std::span(first[task]), std::span(second.at(task))));
  }
  return difference;
}

std::vector<double> stratified_table(std::span<const PeopleByTask> seeds) {
  const std::size_t tasks = seeds.front().size();
  std::vector<double> means(tasks, 0.0);
  std::size_t people = 0;
  for (std::size_t task = 0; task < tasks; ++task) {
    people += seeds.front()[task].size();
    for (const PeopleByTask& seed : seeds) means[task] += mean_of(seed[task]) / static_cast<double>(seeds.size());
  }
  const double mean = mean_of(means);
  std::vector<double> table;
  table.reserve(seeds.size() * people);
  for (const PeopleByTask& seed : seeds) {
    for (std::size_t task = 0; task < tasks; ++task) {
      const double weight = static_cast<double>(people) / static_cast<double>(tasks * seed[task].size());
      for (const double value : seed[task]) table.push_back(mean + weight * (value - means[task]));
    }
  }
  return table;
}

}  // namespace coldframe
