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

Estimate make_estimate(const MatrixStatistic& statistic, const TaskMatrix& matrix,
                       const std::vector<TaskMatrix>& replicates, double level) {
  Estimate estimate;
  estimate.value = statistic(matrix).value_or(k_missing);
  std::vector<double> values;
  for (const TaskMatrix& replicate : replicates) {
    const double value = statistic(replicate).value_or(k_missing);
    if (std::isfinite(value)) values.push_back(value);
  }
  estimate.undefined_replicates = replicates.size() - values.size();
  const double tail = 0.5 * (1.0 - level);
  const bool too_many =
      static_cast<double>(estimate.undefined_replicates) > tail * static_cast<double>(replicates.size());
  if (too_many || values.empty() || !std::isfinite(estimate.value)) return estimate;
  std::ranges::sort(values);
  estimate.standard_error = std::sqrt(sample_variance(values));
  estimate.interval = Interval{sorted_quantile(values, tail), sorted_quantile(values, 1.0 - tail)};
  return estimate;
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
  const std::vector<TaskMatrix> replicates = resampled_matrices(cohorts, options);
  std::vector<Estimate> estimates;
  for (const MatrixStatistic& statistic : statistics) {
    estimates.push_back(make_estimate(statistic, matrix, replicates, options.level));
    for (const TaskCohort& cohort : cohorts) estimates.back().users += cohort.users.size();
  }
  return estimates;
}

}  // namespace coldframe
