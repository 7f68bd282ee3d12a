#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace coldframe {

// Legend: T tasks, R[i,j] metric on task j after training task i; i = 0 .. T (0: untrained), j = 1 .. T.

/// R [T + 1, T]. Rows count from 0, the model before any task; columns count from 0, the first task: what is measured
/// on task j right after it was learned is at(j + 1, j). Cells that were not measured are NaN.
class TaskMatrix {
 public:
  explicit TaskMatrix(std::size_t tasks);

  std::size_t tasks() const { return tasks_; }
  std::size_t rows() const { return tasks_ + 1; }
  double& at(std::size_t row, std::size_t task) { return cells_[row * tasks_ + task]; }
  double at(std::size_t row, std::size_t task) const { return cells_[row * tasks_ + task]; }
  std::span<const double> row(std::size_t row) const { return std::span(cells_).subspan(row * tasks_, tasks_); }
  /// The matrix as it stood after so many tasks, over these tasks alone: every number below exists after any task.
  TaskMatrix first(std::size_t tasks) const;

 private:
  std::size_t tasks_;
  std::vector<double> cells_;
};

/// ACC = (1/T) sum_j R[T,j]  (Lopez-Paz and Ranzato, "Gradient episodic memory", arXiv 1706.08840).
double average_performance(const TaskMatrix& matrix);

/// BWT = (1/(T-1)) sum_{j<T} (R[T,j] - R[j,j])  (the same). Empty with fewer than two tasks, like all that follow.
std::optional<double> backward_transfer(const TaskMatrix& matrix);

/// FWT = (1/(T-1)) sum_{j>=2} (R[j-1,j] - R[0,j])  (the same).
std::optional<double> forward_transfer(const TaskMatrix& matrix);

/// What forgetting of task j is measured from. `last`: R[j,j], as Avalanche does; equals -BWT and may be negative.
/// `max_all`: the best of rows 1 .. T, as Mammoth does; never negative. `max_before`: the best of rows 1 .. T-1
/// (Chaudhry et al., "Riemannian walk", arXiv 1801.10112); may be negative. The untrained row never counts.
enum class ForgettingRule { last, max_all, max_before };
std::string_view to_string(ForgettingRule rule);

/// Of every task but the last: where it was measured from, minus R[T,j]. [T - 1]
std::vector<double> forgetting_by_task(const TaskMatrix& matrix, ForgettingRule rule);
/// The mean of those.
std::optional<double> forgetting(const TaskMatrix& matrix, ForgettingRule rule);

/// How much people of task j lost because they came before their task was learned, against the row that serves them
/// best, in hindsight:
///   (1/(T-1)) sum_{j>=2} (max_i R[i,j] - R[j-1,j]),   i = 0 .. T
/// the dynamic regret of a learner that is one task late (Zinkevich, "Online convex programming and generalized
/// infinitesimal gradient ascent", ICML 2003, with the best row of a task as its comparator). Never negative, and
/// biased upwards like every best of noisy rows. Empty with fewer than two tasks.
std::optional<double> dynamic_regret(const TaskMatrix& matrix);

/// How many tasks go by until people of task j get `share` of the most they get from their arrival on:
///   (1/(T-1)) sum_{j>=2} min{r >= 0 : R[j-1+r,j] >= share max_{i>=j-1} R[i,j]}
/// What would come after the stream is not known, so slow recoveries are told too short. Empty with fewer than two
/// tasks. ConfigError unless 0 < share <= 1.
std::optional<double> recovery_tasks(const TaskMatrix& matrix, double share = 0.95);

/// What every cohort got before it was trained on: R[j-1,j], j = 1 .. T.
std::vector<double> prequential_values(const TaskMatrix& matrix);

/// Fading average (Gama, Sebastiao and Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90,
/// 2013):
///   S_t = L_t + a S_{t-1},  N_t = 1 + a N_{t-1},  value S_t / N_t;   a = 1 is the mean, 1/(1-a) the window.
class FadingAverage {
 public:
  /// ConfigError unless 0 < factor <= 1.
  explicit FadingAverage(double factor);
  void add(double value);
  /// NaN before the first value.
  double value() const;

 private:
  double factor_;
  double sum_ = 0;
  double count_ = 0;
};

/// Area under a curve by the trapezoidal rule, divided by its length: the mean height over the stream. `at` ascending.
/// Empty with fewer than two points, or a length of 0.
std::optional<double> area_under_curve(std::span<const double> at, std::span<const double> values);

/// The area under i -> (1/T) sum_j R[i,j], i = 0 .. T: how good the model was for everybody over the whole stream.
std::optional<double> stream_area(const TaskMatrix& matrix);

}  // namespace coldframe
