#include "framework/evaluation/continual.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/core/error.h"

namespace coldframe {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> mean_or_nothing(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return mean_of(values);
}

double best_of_rows(const TaskMatrix& matrix, std::size_t task, std::size_t end_row) {
  double best = matrix.at(1, task);
  for (std::size_t row = 2; row < end_row; ++row) best = std::max(best, matrix.at(row, task));
  return best;
}

/// The best from a row on; NaN where one of them was not measured.
double best_from(const TaskMatrix& matrix, std::size_t task, std::size_t first_row) {
  double best = matrix.at(first_row, task);
  for (std::size_t row = first_row + 1; row < matrix.rows(); ++row) {
    const double value = matrix.at(row, task);
    best = std::isnan(value) ? value : std::max(best, value);
    if (std::isnan(best)) return best;
  }
  return best;
}

}  // namespace

TaskMatrix::TaskMatrix(std::size_t tasks)
    : tasks_(tasks), cells_((tasks + 1) * tasks, std::numeric_limits<double>::quiet_NaN()) {
  CF_EXPECTS(tasks >= 1);
}

TaskMatrix TaskMatrix::first(std::size_t tasks) const {
  CF_EXPECTS(tasks >= 1 && tasks <= tasks_);
  TaskMatrix leading(tasks);
  for (std::size_t row = 0; row <= tasks; ++row) {
    for (std::size_t task = 0; task < tasks; ++task) leading.at(row, task) = at(row, task);
  }
  return leading;
}

double average_performance(const TaskMatrix& matrix) { return mean_of(matrix.row(matrix.tasks())); }

std::optional<double> backward_transfer(const TaskMatrix& matrix) {
  const std::optional<double> lost = forgetting(matrix, ForgettingRule::last);
  return lost ? std::optional(0.0 - *lost) : std::nullopt;  // no negative zero where nothing was lost
}

std::optional<double> forward_transfer(const TaskMatrix& matrix) {
  std::vector<double> gains;
  for (std::size_t task = 1; task < matrix.tasks(); ++task) {
    gains.push_back(matrix.at(task, task) - matrix.at(0, task));
  }
  return mean_or_nothing(gains);
}

std::optional<double> dynamic_regret(const TaskMatrix& matrix) {
  std::vector<double> lost;
  for (std::size_t task = 1; task < matrix.tasks(); ++task) {
    lost.push_back(best_from(matrix, task, 0) - matrix.at(task, task));
  }
  return mean_or_nothing(lost);
}

std::optional<double> recovery_tasks(const TaskMatrix& matrix, double share) {
  if (!(share > 0 && share <= 1)) {
    throw ConfigError(fmt::format("a recovery to {} of the best", share), "it must be a share above 0 and at most 1",
                      "try 0.95");
  }
  std::vector<double> passed;
  for (std::size_t task = 1; task < matrix.tasks(); ++task) {
    const double best = best_from(matrix, task, task);
    std::size_t row = task;
    while (row + 1 < matrix.rows() && matrix.at(row, task) < share * best) ++row;
    passed.push_back(std::isnan(best) ? best : static_cast<double>(row - task));
  }
  return mean_or_nothing(passed);
}

std::string_view to_string(ForgettingRule rule) {
  switch (rule) {
    case ForgettingRule::last:
      return "last";
    case ForgettingRule::max_all:
      return "max_all";
    case ForgettingRule::max_before:
      return "max_before";
  }
  return {};
}

std::vector<double> forgetting_by_task(const TaskMatrix& matrix, ForgettingRule rule) {
  const std::size_t last = matrix.tasks();
  std::vector<double> lost;
  for (std::size_t task = 0; task + 1 < last; ++task) {
    const double from = rule == ForgettingRule::last      ? matrix.at(task + 1, task)
                        : rule == ForgettingRule::max_all ? best_of_rows(matrix, task, last + 1)
                                                          : best_of_rows(matrix, task, last);
    lost.push_back(from - matrix.at(last, task));
  }
  return lost;
}

std::optional<double> forgetting(const TaskMatrix& matrix, ForgettingRule rule) {
  return mean_or_nothing(forgetting_by_task(matrix, rule));
}

std::vector<double> prequential_values(const TaskMatrix& matrix) {
  std::vector<double> values;
  for (std::size_t task = 0; task < matrix.tasks(); ++task) values.push_back(matrix.at(task, task));
  return values;
}

FadingAverage::FadingAverage(double factor) : factor_(factor) {
  if (factor > 0 && factor <= 1) return;
  throw ConfigError(fmt::format("a fading factor of {}", factor), "must be above 0 and at most 1",
                    "1 weighs all periods alike, 0.9 has a window of 10");
}

void FadingAverage::add(double value) {
  sum_ = value + factor_ * sum_;
  count_ = 1 + factor_ * count_;
}

double FadingAverage::value() const { return sum_ / count_; }

std::optional<double> area_under_curve(std::span<const double> at, std::span<const double> values) {
  CF_EXPECTS(at.size() == values.size());
  if (at.size() < 2 || !(at.back() > at.front())) return std::nullopt;
  double area = 0;
  for (std::size_t i = 1; i < at.size(); ++i) area += (at[i] - at[i - 1]) * (values[i] + values[i - 1]) / 2;
  return area / (at.back() - at.front());
}

std::optional<double> stream_area(const TaskMatrix& matrix) {
  std::vector<double> at, heights;
  for (std::size_t row = 0; row < matrix.rows(); ++row) {
    at.push_back(static_cast<double>(row));
    heights.push_back(mean_of(matrix.row(row)));
  }
  return area_under_curve(at, heights);
}

}  // namespace coldframe
