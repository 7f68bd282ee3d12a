#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace coldframe::detail {

// Legend: U users, I items, L dimensions.

/// Item factors packed for taking inner products with the states of many users, and the log-softmax over all items that
/// follows. One arithmetic on every processor: a logit is summed from the bias on, dimension by dimension, each product
/// and sum rounded; so users have the same bits alone or beside others. Thread-safety: const.
class FactorPanels {
 public:
  FactorPanels() = default;
  /// factors [I, L]
  FactorPanels(std::span<const double> factors, std::size_t items, std::size_t dimension);

  std::size_t items() const { return items_; }
  std::size_t dimension() const { return dimension_; }
  double at(std::size_t l, std::size_t item) const {
    return values_[(item / k_panel * dimension_ + l) * k_panel + item % k_panel];
  }

  /// log(I p(i)) for p(i) proportional to exp(bias_i + state . q_i): states [U, L]; biases and out [U] pointers to [I].
  void log_lifts(std::span<const double> states, std::span<const double* const> biases,
                 std::span<double* const> out) const;

  static constexpr std::size_t k_panel = 16;  // items side by side

 private:
  std::size_t items_ = 0, dimension_ = 0;
  std::vector<double> values_;  // [panels, L, k_panel], the last panel filled up with 0
};

}  // namespace coldframe::detail
