#pragma once

namespace coldframe {

// The few distribution functions that intervals and tests need; accurate to about 1e-12 (checked against scipy).

double normal_cdf(double x);
/// p in (0, 1); -infinity and infinity at the ends.
double normal_quantile(double p);

/// Student's t with real degrees of freedom > 0 (Satterthwaite's are not whole).
double student_t_cdf(double t, double degrees);
double student_t_quantile(double p, double degrees);

}  // namespace coldframe
