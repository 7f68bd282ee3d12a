#include "framework/evaluation/distributions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr double k_infinity = std::numeric_limits<double>::infinity();

/// Continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method; converges for x <
/// (a+1)/(a+b+2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr int terms = 10'000;
  double c = 1.0;
  double d = 1.0 / std::max(1.0 - (a + b) * x / (a + 1.0), tiny);
  double value = d;
  for (int m = 1; m <= terms; ++m) {
    double change = 1.0;
    for (const bool even : {true, false}) {
      const double factor = even ? m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
                                 : -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
      d = 1.0 + factor * d;
      c = 1.0 + factor / c;
      if (std::abs(d) < tiny) d = tiny;
      if (std::abs(c) < tiny) c = tiny;
      d = 1.0 / d;
      change = c * d;
      value *= change;
    }
    if (std::abs(change - 1.0) < 1e-16) break;
  }
  return value;
}

double incomplete_beta(double a, double b, double x) {
  if (x <= 0.0) return 0.0;
  if (x >= 1.0) return 1.0;
  const double log_front = std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  if (x < (a + 1.0) / (a + b + 2.0)) return std::exp(log_front) * beta_fraction(a, b, x) / a;
  return 1.0 - std::exp(log_front) * beta_fraction(b, a, 1.0 - x) / b;
}

/// The x >= 0 with upper_tail(x) = p, for a decreasing tail with upper_tail(0) = 1/2 and p <= 1/2.
template <class Tail>
double invert_upper_tail(Tail upper_tail, double p) {
  double low = 0.0;
  double high = 1.0;
  while (upper_tail(high) > p) {
    low = high;
    high *= 2.0;
  }
  while (true) {
    const double middle = low + 0.5 * (high - low);
    if (middle <= low || middle >= high) return middle;
    (upper_tail(middle) > p ? low : high) = middle;
  }
}

template <class Tail>
double symmetric_quantile(Tail upper_tail, double p) {
  CF_EXPECTS(p >= 0.0 && p <= 1.0);
  if (p == 0.0) return -k_infinity;
  if (p == 1.0) return k_infinity;
  return p < 0.5 ? -invert_upper_tail(upper_tail, p) : invert_upper_tail(upper_tail, 1.0 - p);
}

double student_t_upper_tail(double t, double degrees) {
  return 0.5 * incomplete_beta(0.5 * degrees, 0.5, degrees / (degrees + t * t));
}

}  // namespace

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double normal_quantile(double p) {
  return symmetric_quantile([](double x) { return normal_cdf(-x); }, p);
}

double student_t_cdf(double t, double degrees) {
  CF_EXPECTS(degrees > 0.0);
  const double tail = student_t_upper_tail(std::abs(t), degrees);
  return t > 0.0 ? 1.0 - tail : tail;
}

double student_t_quantile(double p, double degrees) {
  CF_EXPECTS(degrees > 0.0);
  return symmetric_quantile([degrees](double t) { return student_t_upper_tail(t, degrees); }, p);
}

}  // namespace coldframe
