#include "framework/evaluation/crossed_interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/core/error.h"
#include "framework/evaluation/distributions.h"

namespace coldframe {
namespace {

struct MeanSquare {
  double value = 0.0;
  double degrees = 0.0;
};

struct TwoWayLayout {
  double mean = 0.0;
  MeanSquare rows;
  MeanSquare columns;
  MeanSquare residual;
};

TwoWayLayout analyse(std::span<const double> table, std::size_t rows) {
  const std::size_t columns = table.size() / rows;
  const auto s = static_cast<double>(rows);
  const auto u = static_cast<double>(columns);
  std::vector<double> row_means(rows, 0.0);
  std::vector<double> column_means(columns, 0.0);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      row_means[r] += table[r * columns + c] / u;
      column_means[c] += table[r * columns + c] / s;
    }
  }
  TwoWayLayout layout;
  for (const double value : row_means) layout.mean += value / s;
  const auto square = [](double value) { return value * value; };
  for (const double value : row_means) layout.rows.value += u * square(value - layout.mean);
  for (const double value : column_means) layout.columns.value += s * square(value - layout.mean);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      layout.residual.value += square(table[r * columns + c] - row_means[r] - column_means[c] + layout.mean);
    }
  }
  layout.rows.degrees = s - 1.0;
  layout.columns.degrees = u - 1.0;
  layout.residual.degrees = (s - 1.0) * (u - 1.0);
  for (MeanSquare* ms : {&layout.rows, &layout.columns, &layout.residual}) {
    if (ms->degrees > 0.0) ms->value /= ms->degrees;
  }
  return layout;
}

/// Degrees of a sum of independent mean squares.
double satterthwaite(std::initializer_list<MeanSquare> terms) {
  double sum = 0.0;
  double spread = 0.0;
  for (const MeanSquare& term : terms) {
    sum += term.value;
    if (term.value != 0.0) spread += term.value * term.value / term.degrees;
  }
  return spread > 0.0 ? sum * sum / spread : std::max(1.0, terms.begin()->degrees);
}

struct Weighted {
  double value = 0.0;
  double weight = 0.0;
};

/// part.variance df / chi^2_df at even steps of log chi^2, weighted by its density: the trapezoidal rule over a density
/// that vanishes at both ends, from where it is 1e-14 of its peak.
std::vector<Weighted> possible_variances(const CrossedEstimate::Part& part) {
  if (part.variance <= 0.0 || part.degrees <= 0.0) return {{0.0, 1.0}};
  const double df = part.degrees, peak = std::log(df);
  const auto log_density = [&](double y) { return 0.5 * (df * (y - peak) - (std::exp(y) - df)); };
  constexpr double k_vanished = -32.0;
  const double step = std::min(0.25, 0.5 / std::sqrt(df));
  std::vector<Weighted> values;
  double sum = 0.0;
  const auto walk = [&](double y, double by) {
    for (double log_weight = log_density(y); log_weight > k_vanished; log_weight = log_density(y += by)) {
      values.push_back({part.variance * df / std::exp(y), std::exp(log_weight)});
      sum += values.back().weight;
    }
  };
  walk(peak, step);
  walk(peak - step, -step);
  for (Weighted& value : values) value.weight /= sum;
  return values;
}

}  // namespace

CrossedEstimate crossed_estimate(std::span<const double> table, std::size_t rows) {
  if (rows < 2 || table.empty() || table.size() % rows != 0) {
    throw ConfigError(fmt::format("an interval over seeds from {} seeds and {} values", rows, table.size()),
                      "at least 2 seeds with the same number of values each are needed", "train with more seeds");
  }
  const auto s = static_cast<double>(rows);
  const auto u = static_cast<double>(table.size() / rows);
  const TwoWayLayout layout = analyse(table, rows);
  const double residual = layout.residual.value;

  CrossedEstimate estimate;
  estimate.mean = layout.mean;
  estimate.residual_variance = residual;
  estimate.rows = {layout.rows.value / (s * u), layout.rows.degrees};
  estimate.columns = {layout.columns.value / (s * u), layout.columns.degrees};
  estimate.residual_part = residual / (s * u);
  estimate.row_variance = std::max(0.0, (layout.rows.value - residual) / u);
  estimate.column_variance = std::max(0.0, (layout.columns.value - residual) / s);
  // MS_rows + MS_columns - MS_residual estimates S U Var(mean). It may come out below one of its parts by chance; a
  // part alone is then the safer estimate, with its own degrees of freedom.
  const double combined = layout.rows.value + layout.columns.value - residual;
  const MeanSquare larger = layout.rows.value >= layout.columns.value ? layout.rows : layout.columns;
  if (combined >= larger.value) {
    const MeanSquare minus_residual{-residual, layout.residual.degrees};
    estimate.degrees = satterthwaite({layout.rows, layout.columns, minus_residual});
    estimate.standard_error = std::sqrt(combined / (s * u));
  } else {
    estimate.degrees = larger.degrees;
    estimate.standard_error = std::sqrt(larger.value / (s * u));
  }
  return estimate;
}

Interval CrossedEstimate::interval(double level) const {
  const double half = student_t_quantile(0.5 + 0.5 * level, degrees) * standard_error;
  return {mean - half, mean + half};
}

double CrossedEstimate::p_value(double margin) const {
  const double excess = std::abs(mean) - margin;
  if (excess <= 0.0) return 1.0;
  if (standard_error == 0.0) return 0.0;
  double p = 0.0;
  const std::vector<Weighted> of_columns = possible_variances(columns);
  for (const Weighted& row : possible_variances(rows)) {
    for (const Weighted& column : of_columns) {
      const double variance = std::max({row.value + column.value - residual_part, row.value, column.value});
      p += row.weight * column.weight * 2.0 * normal_cdf(-excess / std::sqrt(variance));
    }
  }
  return p;
}

double CrossedEstimate::minimum_detectable_effect(double alpha, double power) const {
  return (critical_ratio(1.0 - alpha, rows, columns) + student_t_quantile(power, degrees)) * standard_error;
}

double critical_ratio(double level, const CrossedEstimate::Part& rows, const CrossedEstimate::Part& columns) {
  double sum = 0.0;
  double weights = 0.0;
  for (const CrossedEstimate::Part& part : {rows, columns}) {
    if (part.variance <= 0.0) continue;
    sum += part.variance * student_t_quantile(0.5 + 0.5 * level, std::max(part.degrees, 1.0));
    weights += part.variance;
  }
  return weights > 0.0 ? sum / weights : 0.0;
}

}  // namespace coldframe
