#pragma once

#include <string>
#include <vector>

#include "framework/baselines/baseline.h"

namespace coldframe {

struct AttributePopularityOptions {
  double bandwidth = 0.8;  // of the Gaussian over numbers, in standard deviations of the training users
  double mismatch = 0.5;   // factor for a category that differs or is missing
  double shrinkage = 0.1;  // share of plain popularity in the score
};

/// Popularity among similar people: training user v counts with weight
///   w(u, v) = prod over categories of (1 when equal, else `mismatch`)
///           x prod over multi-valued columns of mismatch^(1 - Jaccard)
///           x prod over numbers of max(mismatch^2, exp(-(x_u - x_v)^2 / (2 (bandwidth sd)^2))),
/// score_i = (1 - s) sum_v w(u,v) L_vi / sum_v w(u,v) + s n_i / |T|. Free text is not compared; a missing value counts
/// as a mismatch, so every weight is positive and a stranger gets popularity.
class AttributePopularity final : public Baseline {
 public:
  AttributePopularity(const TrainingLikes& training, const EntityTable& users,
                      const AttributePopularityOptions& options = {});
  std::string_view name() const override { return "popularity by similar attributes"; }
  void score(const BaselineQuery& query, std::span<float> scores) const override;

  /// Weight of every training user for this user.
  std::vector<double> weights(const BaselineQuery& query) const;

 private:
  struct Column {
    std::string name;
    AttributeKind kind = AttributeKind::category;
    double bandwidth = 0.0;                        // in the column's own unit
    std::vector<double> numbers;                   // per training user
    std::vector<std::vector<std::string>> values;  // per training user, sorted; a category has one or none
  };
  struct Asked;  // what is known of the asked user in one column
  double similarity(const Column& column, std::size_t training_user, const Asked& asked) const;

  AttributePopularityOptions options_;
  std::size_t items_ = 0;
  std::vector<std::vector<ItemId>> likes_;
  std::vector<double> popularity_;  // [items] n_i / |T|
  std::vector<Column> columns_;
};

}  // namespace coldframe
