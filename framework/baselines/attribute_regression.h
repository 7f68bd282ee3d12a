#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

struct AttributeRegressionOptions {
  double ridge = 5.0;                 // of the effects of attributes
  double pseudo_count = 0.5;          // likes added to every item
  std::size_t least_level_count = 5;  // rarer categories count as missing
  std::size_t iterations = 30;
  double tolerance = 1e-6;  // stop when a step gains less per like
};

/// Multinomial logistic regression of likes on attributes, the reference for newcomers without history:
///   p(i | x) proportional to exp(b_i + A_i . x),
/// x indicator variables of categories and standardised numbers, 0 where a value is missing. Penalised maximum
/// likelihood by Newton steps per item on the diagonal blocks of the Hessian, sum_u n_u p_ui x x' + ridge, halved until
/// the likelihood rises. score_i = log p(i | x).
class AttributeRegression final : public Baseline {
 public:
  AttributeRegression(const TrainingLikes& training, const EntityTable& users,
                      const AttributeRegressionOptions& options = {});
  std::string_view name() const override { return "attribute regression"; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

  /// Penalised log-likelihood at the start and after each step; never decreases.
  const std::vector<double>& objective() const { return objective_; }
  /// Coefficients of an item: intercept, then effects.
  std::vector<double> coefficients(ItemId item) const;

 private:
  struct Column {
    std::string name;
    AttributeKind kind = AttributeKind::category;
    double mean = 0, deviation = 0;               // of a number
    std::map<std::string, std::size_t> features;  // of categories
    std::size_t first_feature = 0;                // of a number
  };
  std::vector<double> features(const EntityTable* table, UserId user) const;  // [width_], the first is 1
  void make_columns(const TrainingLikes& training, const EntityTable& users, std::size_t least_count);
  void fit(const TrainingLikes& training, const EntityTable& users, const AttributeRegressionOptions& options);

  std::size_t items_ = 0;
  std::size_t width_ = 1;
  std::vector<Column> columns_;
  std::vector<double> weights_;  // [width, items]
  std::vector<double> objective_;
};

}  // namespace coldframe
