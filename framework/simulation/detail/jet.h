#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace coldframe::detail {

/// A number with its exact gradient and Hessian in N parameters (second-order forward differentiation): a likelihood
/// written once for any number type serves simulation as double and Newton's method as Jet.
template <std::size_t N>
struct Jet {
  static constexpr std::size_t k_pairs = N * (N + 1) / 2;
  double value = 0;
  std::array<double, N> slope{};
  std::array<double, k_pairs> curvature{};  // (i, j), j <= i, in rows

  Jet() = default;
  Jet(double constant) : value(constant) {}
  static Jet variable(double at, std::size_t index) {
    Jet x(at);
    x.slope[index] = 1.0;
    return x;
  }

  Jet& operator+=(const Jet& other) {
    value += other.value;
    for (std::size_t i = 0; i < N; ++i) slope[i] += other.slope[i];
    for (std::size_t p = 0; p < k_pairs; ++p) curvature[p] += other.curvature[p];
    return *this;
  }
  Jet& operator*=(double factor) {
    value *= factor;
    for (double& s : slope) s *= factor;
    for (double& c : curvature) c *= factor;
    return *this;
  }
  Jet& operator-=(const Jet& other) {
    value -= other.value;
    for (std::size_t i = 0; i < N; ++i) slope[i] -= other.slope[i];
    for (std::size_t p = 0; p < k_pairs; ++p) curvature[p] -= other.curvature[p];
    return *this;
  }
  /// f(x) by the chain rule from f, f' and f'' at x.
  Jet through(double f, double first, double second) const {
    Jet out(f);
    std::size_t p = 0;
    for (std::size_t i = 0; i < N; ++i) {
      out.slope[i] = first * slope[i];
      for (std::size_t j = 0; j <= i; ++j, ++p) out.curvature[p] = first * curvature[p] + second * slope[i] * slope[j];
    }
    return out;
  }

  friend Jet operator+(Jet a, const Jet& b) { return a += b; }
  friend Jet operator-(Jet a, const Jet& b) { return a -= b; }
  friend Jet operator-(Jet a) { return a *= -1.0; }
  friend Jet operator+(Jet a, double b) {
    a.value += b;
    return a;
  }
  friend Jet operator+(double a, Jet b) { return b + a; }
  friend Jet operator-(Jet a, double b) { return a + -b; }
  friend Jet operator-(double a, Jet b) { return -b + a; }
  friend Jet operator*(Jet a, double b) { return a *= b; }
  friend Jet operator*(double a, Jet b) { return b *= a; }
  friend Jet operator/(double a, const Jet& b) {
    const double r = 1.0 / b.value;
    return b.through(a * r, -a * r * r, 2.0 * a * r * r * r);
  }
  friend Jet operator/(const Jet& a, const Jet& b) { return a * (1.0 / b); }
  friend Jet operator*(const Jet& a, const Jet& b) {
    Jet out(a.value * b.value);
    std::size_t p = 0;
    for (std::size_t i = 0; i < N; ++i) {
      out.slope[i] = a.value * b.slope[i] + b.value * a.slope[i];
      for (std::size_t j = 0; j <= i; ++j, ++p) {
        out.curvature[p] =
            a.value * b.curvature[p] + b.value * a.curvature[p] + a.slope[i] * b.slope[j] + a.slope[j] * b.slope[i];
      }
    }
    return out;
  }
  friend Jet exp(const Jet& a) {
    const double e = std::exp(a.value);
    return a.through(e, e, e);
  }
  friend Jet log(const Jet& a) {
    const double r = 1.0 / a.value;
    return a.through(std::log(a.value), r, -r * r);
  }
};

inline double plain_value(double x) { return x; }
template <std::size_t N>
double plain_value(const Jet<N>& x) {
  return x.value;
}

}  // namespace coldframe::detail
