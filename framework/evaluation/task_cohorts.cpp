#include "framework/evaluation/task_cohorts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "framework/evaluation/significance.h"
#include "framework/evaluation/user_sum.h"

namespace coldframe {
namespace {

constexpr double k_missing = std::numeric_limits<double>::quiet_NaN();

/// R of every replicate, one cohort after the other.
std::vector<TaskMatrix> resampled_matrices(std::span<const TaskCohort> cohorts, const BootstrapOptions& options) {
  std::vector<TaskMatrix> matrices(options.replicates, TaskMatrix(cohorts.size()));
  const KeyedRandom random(options.seed, Purpose::bootstrap);
  std::vector<std::uint8_t> drawn(options.replicates);
  for (std::size_t task = 0; task < cohorts.size(); ++task) {
    const TaskCohort& cohort = cohorts[task];
    std::vector<std::uint64_t> weights(options.replicates, 0);
    std::vector<double> sums(options.replicates * cohort.rows.size(), 0.0);
    for (std::size_t user = 0; user < cohort.users.size(); ++user) {
      fill_bootstrap_weights(random, cohort.users[user], drawn);
      for (std::size_t b = 0; b < drawn.size(); ++b) {
        weights[b] += drawn[b];
        for (std::size_t row = 0; row < cohort.rows.size(); ++row) {
          if (!cohort.rows[row].empty()) sums[b * cohort.rows.size() + row] += drawn[b] * cohort.rows[row][user];
        }
      }
    }
    for (std::size_t b = 0; b < drawn.size(); ++b) {
      for (std::size_t row = 0; row < cohort.rows.size(); ++row) {
        if (cohort.rows[row].empty() || weights[b] == 0) continue;
        matrices[b].at(row, task) = sums[b * cohort.rows.size() + row] / static_cast<double>(weights[b]);
      }
    }
  }
  return matrices;
}

/// From the value of a statistic and its replicates; NaN where it does not exist.
Estimate make_estimate(double value, std::vector<double> replicates, double level) {
  Estimate estimate;
  estimate.value = value;
  const std::size_t drawn = replicates.size();
  std::erase_if(replicates, [](double replicate) { return !std::isfinite(replicate); });
  estimate.undefined_replicates = drawn - replicates.size();
  const double tail = 0.5 * (1.0 - level);
  const bool too_many = static_cast<double>(estimate.undefined_replicates) > tail * static_cast<double>(drawn);
  if (too_many || replicates.empty() || !std::isfinite(value)) return estimate;
  std::ranges::sort(replicates);
  estimate.standard_error = std::sqrt(sample_variance(replicates));
  estimate.interval = Interval{sorted_quantile(replicates, tail), sorted_quantile(replicates, 1.0 - tail)};
  return estimate;
}

std::size_t people_in(std::span<const TaskCohort> cohorts) {
  std::size_t people = 0;
  for (const TaskCohort& cohort : cohorts) people += cohort.users.size();
  return people;
}

}  // namespace

TaskMatrix task_matrix(std::span<const TaskCohort> cohorts) {
  TaskMatrix matrix(cohorts.size());
  for (std::size_t task = 0; task < cohorts.size(); ++task) {
    CF_EXPECTS(cohorts[task].rows.size() == matrix.rows());
    for (std::size_t row = 0; row < matrix.rows(); ++row) {
      const std::vector<double>& values = cohorts[task].rows[row];
      if (values.empty()) continue;
      UserSum sum;
      for (const double value : values) sum.add(value);
      matrix.at(row, task) = sum.value() / static_cast<double>(values.size());
    }
  }
  return matrix;
}

std::vector<Estimate> estimate_from_cohorts(std::span<const TaskCohort> cohorts,
                                            std::span<const MatrixStatistic> statistics,
                                            const BootstrapOptions& options) {
  const TaskMatrix matrix = task_matrix(cohorts);
  const std::vector<TaskMatrix> drawn = resampled_matrices(cohorts, options);
  std::vector<Estimate> estimates;
  for (const MatrixStatistic& statistic : statistics) {
    std::vector<double> replicates;
    for (const TaskMatrix& replicate : drawn) replicates.push_back(statistic(replicate).value_or(k_missing));
    estimates.push_back(make_estimate(statistic(matrix).value_or(k_missing), std::move(replicates), options.level));
    estimates.back().users = people_in(cohorts);
  }
  return estimates;
}

std::vector<Estimate> estimate_differences(std::span<const TaskCohort> first, std::span<const TaskCohort> second,
                                           std::span<const MatrixStatistic> statistics,
                                           const BootstrapOptions& options) {
  CF_EXPECTS(first.size() == second.size());
  const TaskMatrix mine = task_matrix(first), theirs = task_matrix(second);
  const std::vector<TaskMatrix> mine_drawn = resampled_matrices(first, options);
  const std::vector<TaskMatrix> theirs_drawn = resampled_matrices(second, options);
  std::vector<Estimate> estimates;
  for (const MatrixStatistic& statistic : statistics) {
    const auto difference = [&](const TaskMatrix& a, const TaskMatrix& b) {
      return statistic(a).value_or(k_missing) - statistic(b).value_or(k_missing);
    };
    std::vector<double> replicates;
    for (std::size_t b = 0; b < mine_drawn.size(); ++b) {
      replicates.push_back(difference(mine_drawn[b], theirs_drawn[b]));
    }
    estimates.push_back(make_estimate(difference(mine, theirs), std::move(replicates), options.level));
    estimates.back().users = people_in(first);
  }
  return estimates;
}

}  // namespace coldframe
