#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/simulation/world.h"

namespace coldframe {

/// Attributes of items as numbers: one column per category (of one or several per item) that at least five items have,
/// and per band of a number (five of equal mass; missing is in none), less their means over the items they were made
/// from. Texts are left out.
class ItemFeatures {
 public:
  explicit ItemFeatures(const EntityTable& items);
  std::size_t size() const { return means_.size(); }
  /// [rows, size]
  std::vector<double> of(const EntityTable& items) const;

 private:
  struct Column {
    std::size_t column = 0;  // of the table
    std::vector<std::string> levels;
    std::vector<double> edges;  // of bands, ascending; empty: categories
  };
  std::vector<double> raw(const EntityTable& items, std::size_t row) const;

  std::vector<Column> columns_;
  std::vector<double> means_;
};

/// A multivariate ridge regression y = m + W x + e, e ~ N(0, S): n rows, f features, d answers. The ridge is the one of
/// 1, 10, 100 and 1000 with the least squared error of rows left out, answers in units of their deviation; S is the
/// mean square of what is left, corrected for the degrees of freedom that the fit took.
struct ItemRegression {
  std::size_t features = 0, answers = 0;
  std::vector<double> mean;   // m [d]
  std::vector<double> slope;  // W [f, d]
  std::vector<double> root;   // R [d, d], S = R R^T
  double ridge = 0;
  std::vector<double> explained;  // [d] share of the variance of left-out rows, at most 1; 0 or less: nothing
};
ItemRegression fit_item_regression(const std::vector<double>& x, const std::vector<double>& y, std::size_t rows);

/// Gives a world items beyond those it was fitted on: their parameters are drawn from the regression of the fitted
/// ones on attributes, with the residual covariance, by keyed normals (the same for every world). Softmax: bias, group
/// biases and factors together. Topics: log phi of all topics and the log of the popularity. Chain: ConfigError, as
/// links belong to pairs. Returns the regression.
ItemRegression add_items(World& world, const ItemFeatures& features, const EntityTable& fitted,
                         const EntityTable& items, std::uint64_t seed);

}  // namespace coldframe
