#include "framework/baselines/attribute_regression.h"

#define EIGEN_DONT_PARALLELIZE  // one order of every sum, whatever the compiler flags
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <set>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr int k_most_halvings = 20;

/// Everything the likelihood needs of the training users. Legend: U users, F features, I items.
struct Likelihood {
  MatrixXd x;                              // [F, U]
  std::vector<std::vector<ItemId>> likes;  // [U]
  double ridge = 0, pseudo_count = 0;
};

ArrayXd probabilities(const MatrixXd& weights, const VectorXd& x, double& log_total) {
  ArrayXd p = (weights * x).array();
  const double largest = p.maxCoeff();
  p = (p - largest).exp();
  const double total = p.sum();
  log_total = largest + std::log(total);
  return p / total;
}

/// weights [I, F]. The pseudo-likes are those of one more user with all attributes missing.
double log_likelihood(const Likelihood& problem, const MatrixXd& weights) {
  double sum = -0.5 * problem.ridge * weights.rightCols(weights.cols() - 1).squaredNorm();
  double log_total = 0;
  for (std::size_t u = 0; u < problem.likes.size(); ++u) {
    if (problem.likes[u].empty()) continue;
    const VectorXd x = problem.x.col(static_cast<Eigen::Index>(u));
    probabilities(weights, x, log_total);
    for (const ItemId item : problem.likes[u]) sum += weights.row(item.value()).dot(x) - log_total;
  }
  const VectorXd nobody = VectorXd::Unit(weights.cols(), 0);
  probabilities(weights, nobody, log_total);
  return sum + problem.pseudo_count * (weights.col(0).array() - log_total).sum();
}

/// The step of every item by its own block of the Hessian.
MatrixXd newton_step(const Likelihood& problem, const MatrixXd& weights) {
  const Eigen::Index items = weights.rows(), width = weights.cols();
  MatrixXd gradient = MatrixXd::Zero(items, width);
  std::vector<MatrixXd> blocks(static_cast<std::size_t>(items), MatrixXd::Zero(width, width));
  double unused = 0;
  const auto add = [&](const VectorXd& x, double likes) {
    const ArrayXd expected = likes * probabilities(weights, x, unused);
    gradient.noalias() -= expected.matrix() * x.transpose();
    const MatrixXd square = x * x.transpose();
    for (Eigen::Index i = 0; i < items; ++i) blocks[static_cast<std::size_t>(i)] += expected[i] * square;
  };
  for (std::size_t u = 0; u < problem.likes.size(); ++u) {
    const VectorXd x = problem.x.col(static_cast<Eigen::Index>(u));
    if (problem.likes[u].empty()) continue;
    add(x, static_cast<double>(problem.likes[u].size()));
    for (const ItemId item : problem.likes[u]) gradient.row(item.value()) += x.transpose();
  }
  add(VectorXd::Unit(width, 0), problem.pseudo_count * static_cast<double>(items));
  gradient.col(0).array() += problem.pseudo_count;
  gradient.rightCols(width - 1) -= problem.ridge * weights.rightCols(width - 1);
  MatrixXd step(items, width);
  for (Eigen::Index i = 0; i < items; ++i) {
    MatrixXd& block = blocks[static_cast<std::size_t>(i)];
    block.diagonal().tail(width - 1).array() += problem.ridge;
    step.row(i) = block.llt().solve(gradient.row(i).transpose()).transpose();
  }
  return step;
}

}  // namespace

AttributeRegression::AttributeRegression(const TrainingLikes& training, const EntityTable& users,
                                         const AttributeRegressionOptions& options)
    : items_(training.items) {
  training.check();
  if (!(options.ridge > 0.0) || !(options.pseudo_count > 0.0)) {
    throw ConfigError(
        fmt::format("attribute regression with ridge {} and pseudo-count {}", options.ridge, options.pseudo_count),
        "both must be above 0", "use 5 and 0.5");
  }
  make_columns(training, users, options.least_level_count);
  fit(training, users, options);
}

void AttributeRegression::make_columns(const TrainingLikes& training, const EntityTable& users,
                                       std::size_t least_count) {
  for (const AttributeColumn& source : users.columns) {
    if (source.kind == AttributeKind::text) continue;
    Column column{source.name, source.kind, 0, 0, {}, 0};
    std::map<std::string, std::size_t> counts;
    double known = 0, sum = 0, squares = 0;
    for (const UserId user : training.users) {
      if (source.kind == AttributeKind::number) {
        const double number = source.numbers[user.value()];
        if (!std::isfinite(number)) continue;
        known += 1;
        sum += number;
        squares += number * number;
      } else if (source.kind == AttributeKind::category) {
        ++counts[source.texts[user.value()]];
      } else {
        const std::vector<std::string>& cell = source.values[user.value()];
        for (const std::string& value : std::set<std::string>(cell.begin(), cell.end())) ++counts[value];
      }
    }
    if (source.kind == AttributeKind::number) {
      column.mean = known > 0 ? sum / known : 0.0;
      column.deviation = known > 0 ? std::sqrt(std::max(0.0, squares / known - column.mean * column.mean)) : 0.0;
      column.first_feature = width_++;
    }
    for (const auto& [value, count] : counts) {
      if (!value.empty() && count >= least_count) column.features[value] = width_++;
    }
    columns_.push_back(std::move(column));
  }
}

std::vector<double> AttributeRegression::features(const EntityTable* table, UserId user) const {
  std::vector<double> x(width_, 0.0);
  x[0] = 1.0;
  for (const Column& column : columns_) {
    const AttributeColumn* theirs = table == nullptr ? nullptr : table->find(column.name);
    if (theirs == nullptr) continue;
    if (theirs->kind != column.kind) {
      throw DataError(fmt::format("user attribute {} changed its kind", column.name),
                      "it was fitted on another kind of column", "use one mapping for both data sets");
    }
    const auto mark = [&](const std::string& value) {
      const auto found = column.features.find(value);
      if (found != column.features.end()) x[found->second] = 1.0;
    };
    if (column.kind == AttributeKind::category) mark(theirs->texts[user.value()]);
    if (column.kind == AttributeKind::multi) std::ranges::for_each(theirs->values[user.value()], mark);
    if (column.kind == AttributeKind::number) {
      const double number = theirs->numbers[user.value()];
      const bool known = std::isfinite(number) && column.deviation > 0;
      x[column.first_feature] = known ? (number - column.mean) / column.deviation : 0.0;
    }
  }
  return x;
}

void AttributeRegression::fit(const TrainingLikes& training, const EntityTable& users,
                              const AttributeRegressionOptions& options) {
  const auto items = static_cast<Eigen::Index>(items_), width = static_cast<Eigen::Index>(width_);
  Likelihood problem{MatrixXd(width, static_cast<Eigen::Index>(training.users.size())), training.likes, options.ridge,
                     options.pseudo_count};
  double likes = 1;
  for (std::size_t u = 0; u < training.users.size(); ++u) {
    const std::vector<double> x = features(&users, training.users[u]);
    problem.x.col(static_cast<Eigen::Index>(u)) = Eigen::Map<const VectorXd>(x.data(), width);
    likes += static_cast<double>(training.likes[u].size());
  }
  MatrixXd weights = MatrixXd::Zero(items, width);
  const std::vector<std::uint64_t> counts = training.item_counts();
  for (Eigen::Index i = 0; i < items; ++i) {
    weights(i, 0) = std::log(static_cast<double>(counts[static_cast<std::size_t>(i)]) + options.pseudo_count);
  }
  objective_.push_back(log_likelihood(problem, weights));
  for (std::size_t iteration = 0; iteration < options.iterations; ++iteration) {
    MatrixXd step = newton_step(problem, weights);
    double reached = log_likelihood(problem, weights + step);
    for (int halving = 0; reached < objective_.back() && halving < k_most_halvings; ++halving) {
      step *= 0.5;
      reached = log_likelihood(problem, weights + step);
    }
    if (!(reached > objective_.back())) break;
    weights += step;
    objective_.push_back(reached);
    if (reached - objective_[objective_.size() - 2] < options.tolerance * likes) break;
  }
  weights_.assign(weights.data(), weights.data() + weights.size());
}

std::vector<double> AttributeRegression::coefficients(ItemId item) const {
  std::vector<double> row;
  for (std::size_t f = 0; f < width_; ++f) row.push_back(weights_[f * items_ + item.value()]);
  return row;
}

void AttributeRegression::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == items_);
  const std::vector<double> x = features(query.attributes, query.user);
  std::vector<double> logits(items_, 0.0);
  for (std::size_t f = 0; f < width_; ++f) {
    if (x[f] == 0.0) continue;
    for (std::size_t i = 0; i < items_; ++i) logits[i] += x[f] * weights_[f * items_ + i];
  }
  const double largest = *std::ranges::max_element(logits);
  double total = 0;
  for (const double logit : logits) total += std::exp(logit - largest);
  for (std::size_t i = 0; i < items_; ++i) scores[i] = static_cast<float>(logits[i] - largest - std::log(total));
}

}  // namespace coldframe
