#pragma once

#include <cstddef>
#include <span>

#include "framework/evaluation/bootstrap.h"

namespace coldframe {

/// Mean of a crossed table x_su = mu + a_s + b_u + e_su, where both rows (training seeds) and columns (users, or
/// worlds) are samples: Var(mean) = var_a / S + var_b / U + var_e / (S U), estimated from the mean squares of a two-way
/// layout without replication; interval by Student's t with Satterthwaite's degrees of freedom (sum c MS)^2 / sum((c
/// MS)^2 / df). A bootstrap over fewer than ten seeds would be too narrow. Degrees of freedom are estimated too, and a
/// small mean square of few seeds is taken for many of them; five per cent stand that, the far tails that Holm asks for
/// do not. So the p value is averaged over what the variances may be, each mean square being sigma^2 chi^2_df / df
/// (Behrens and Fisher's solution; Robinson, Annals of Statistics 4, 1976, on its size).
struct CrossedEstimate {
  struct Part {
    double variance = 0.0;  // mean square / (S U)
    double degrees = 0.0;
  };

  double mean = 0.0;
  double standard_error = 0.0;
  double degrees = 0.0;            // S - 1 when seeds are all there is
  double row_variance = 0.0;       // var_a, never below 0
  double column_variance = 0.0;    // var_b
  double residual_variance = 0.0;  // var_e
  Part rows;  // Var(mean) is rows + columns - residual, where that is no smaller than either of the two
  Part columns;
  double residual_part = 0.0;

  Interval interval(double level) const;
  /// Two-sided p of "the mean is not further from 0 than `margin`".
  double p_value(double margin = 0.0) const;
  /// Mean that would be found with the given power: its p value, and so its interval too, would be clear of 0.
  double minimum_detectable_effect(double alpha = 0.05, double power = 0.8) const;
};

/// |mean| / standard error at which p_value() is 1 - level, nearly: both parts' own quantiles weighted by their
/// variances (Cochran, Biometrics 20, 1964); within 4 % at 5 degrees of freedom or more.
double critical_ratio(double level, const CrossedEstimate::Part& rows, const CrossedEstimate::Part& columns);

/// table [rows, columns]. Throws ConfigError for fewer than two rows.
CrossedEstimate crossed_estimate(std::span<const double> table, std::size_t rows);

}  // namespace coldframe
