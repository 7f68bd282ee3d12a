#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "framework/evaluation/user_sum.h"

namespace coldframe {

/// What two habits save when policies are compared with a reference on simulated users, as factors on the number of
/// users that an interval of the same length would take without them. Below 1 a habit costs users. With y_p(u) the rate
/// of user u as sampled, x_p(u) the same in closed form, r the reference, Var over users:
///   pairing      (Var x_p + Var x_r) / Var(x_p - x_r)    other people for each policy, against the same ones
///   closed form  Var(y_p - y_r) / Var(x_p - x_r)         sampled clicks, against their expectation given the page
/// (common random numbers: Glasserman and Yao, "Some guidelines and guarantees for common random numbers", 1992).
/// Thread-safety: one caller. Sums do not depend on the order of users.
class VarianceReduction {
 public:
  VarianceReduction(std::size_t policies, std::size_t reference);

  /// sampled, closed [policies]: rates of one user. Each user once.
  void add(std::span<const double> sampled, std::span<const double> closed);
  /// All sums as plain words for a message between ranks; merge_state adds one of the same shape.
  std::vector<std::uint64_t> state() const;
  void merge_state(std::span<const std::uint64_t> state);

  struct Factors {
    std::optional<double> pairing,
        closed_form;  // empty where all users differ by the same, as sampled or in closed form
  };
  Factors factors(std::size_t policy) const;
  std::uint64_t users() const { return users_; }

 private:
  /// First and second moments.
  struct Moments {
    UserSum sum, squares;
    void add(double value);
    double variance(std::uint64_t users) const;
  };
  enum Kind : std::size_t { closed, closed_difference, sampled_difference, kinds };
  const Moments& of(std::size_t policy, Kind kind) const { return moments_[policy * kinds + kind]; }

  std::size_t policies_;
  std::size_t reference_;
  std::uint64_t users_ = 0;
  std::vector<Moments> moments_;  // [policies, kinds]
};

}  // namespace coldframe
