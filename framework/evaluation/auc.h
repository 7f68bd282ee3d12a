#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace coldframe {

/// Area under the ROC curve: (concordant pairs + half the tied ones) / (positives x negatives), by mean ranks.
/// labels: 1 positive, 0 negative. Empty when one class is missing. Throws NumericError for a NaN score.
std::optional<double> auc(std::span<const float> scores, std::span<const std::uint8_t> labels);

/// GAUC = sum_u w_u AUC_u / sum_u w_u with w_u = positives of user u. Users with one class only are dropped and
/// counted.
class GroupedAuc {
 public:
  /// Returns the user's own AUC.
  std::optional<double> add_user(std::span<const float> scores, std::span<const std::uint8_t> labels);

  /// Empty when every user was left out.
  std::optional<double> value() const;
  std::size_t users() const { return users_; }
  std::size_t left_out() const { return left_out_; }

 private:
  double weighted_ = 0.0;
  double weight_ = 0.0;
  std::size_t users_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace coldframe
