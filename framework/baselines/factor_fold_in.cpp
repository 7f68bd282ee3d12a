#include "framework/baselines/factor_fold_in.h"

#define EIGEN_DONT_PARALLELIZE  // one order of every sum, whatever the compiler flags
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Factors of one row given those of the other side and its liked columns.
template <class Columns>
VectorXd solved_row(const RowMajor& other, const MatrixXd& gram, const Columns& liked, double alpha, double ridge) {
  MatrixXd normal = gram;
  VectorXd right = VectorXd::Zero(gram.rows());
  for (const auto& column : liked) {
    const auto row = other.row(static_cast<Eigen::Index>(column)).transpose();
    normal.noalias() += alpha * row * row.transpose();
    right += (1.0 + alpha) * row;
  }
  normal.diagonal().array() += ridge;
  return normal.llt().solve(right);
}

void solve_side(RowMajor& side, const RowMajor& other, const std::vector<std::vector<std::size_t>>& liked,
                const FactorFoldInOptions& options) {
  const MatrixXd gram = other.transpose() * other;
  for (std::size_t row = 0; row < liked.size(); ++row) {
    side.row(static_cast<Eigen::Index>(row)) =
        solved_row(other, gram, liked[row], options.confidence, options.ridge).transpose();
  }
}

/// sum over all pairs of c (1[liked] - p.q)^2 + ridge (|p|^2 + |q|^2), the dense part through the Gram matrices.
double penalised_error(const RowMajor& users, const RowMajor& items, const std::vector<std::vector<std::size_t>>& liked,
                       const FactorFoldInOptions& options) {
  const MatrixXd user_gram = users.transpose() * users, item_gram = items.transpose() * items;
  double error = user_gram.cwiseProduct(item_gram).sum() + options.ridge * (users.squaredNorm() + items.squaredNorm());
  for (std::size_t u = 0; u < liked.size(); ++u) {
    for (const std::size_t i : liked[u]) {
      const double score = users.row(static_cast<Eigen::Index>(u)).dot(items.row(static_cast<Eigen::Index>(i)));
      error += (1 + options.confidence) * (1 - score) * (1 - score) - score * score;
    }
  }
  return error;
}

}  // namespace

FactorFoldIn::FactorFoldIn(const TrainingLikes& training, std::span<const std::uint64_t> item_keys,
                           const FactorFoldInOptions& options)
    : options_(options), items_(training.items) {
  training.check();
  if (options.dimension == 0 || !(options.ridge > 0.0) || !(options.confidence > 0.0)) {
    throw ConfigError(fmt::format("factor fold-in of dimension {}, confidence {} and ridge {}", options.dimension,
                                  options.confidence, options.ridge),
                      "all must be above 0", "use 16, 10 and 10");
  }
  CF_EXPECTS(item_keys.size() == items_);
  std::vector<std::vector<std::size_t>> by_user(training.likes.size()), by_item(items_);
  for (std::size_t u = 0; u < training.likes.size(); ++u) {
    for (const ItemId item : training.likes[u]) {
      by_user[u].push_back(item.value());
      by_item[item.value()].push_back(u);
    }
  }
  const auto dimension = static_cast<Eigen::Index>(options.dimension);
  RowMajor users = RowMajor::Zero(static_cast<Eigen::Index>(by_user.size()), dimension);
  RowMajor items(static_cast<Eigen::Index>(items_), dimension);
  const KeyedRandom random(options.seed, Purpose::initialisation);
  for (Eigen::Index i = 0; i < items.rows(); ++i) {
    for (Eigen::Index d = 0; d < dimension; ++d) {
      const PhiloxBlock words =
          random.block(UserKey(item_keys[static_cast<std::size_t>(i)]), 0, 0, static_cast<std::uint32_t>(d));
      items(i, d) = 0.1 * standard_normals(words[0], words[1])[0];
    }
  }
  for (std::size_t round = 0; round < options.rounds; ++round) {
    solve_side(users, items, by_user, options);
    solve_side(items, users, by_item, options);
    errors_.push_back(penalised_error(users, items, by_user, options));
  }
  factors_.assign(items.data(), items.data() + items.size());
  const MatrixXd gram = items.transpose() * items;
  gram_.assign(gram.data(), gram.data() + gram.size());
}

void FactorFoldIn::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == items_);
  const auto dimension = static_cast<Eigen::Index>(options_.dimension);
  const Eigen::Map<const RowMajor> items(factors_.data(), static_cast<Eigen::Index>(items_), dimension);
  const Eigen::Map<const MatrixXd> gram(gram_.data(), dimension, dimension);
  MatrixXd normal = gram;
  VectorXd right = VectorXd::Zero(dimension);
  for (const ItemId item : query.history) {
    const VectorXd row = items.row(static_cast<Eigen::Index>(item.value())).transpose();
    normal.noalias() += options_.confidence * row * row.transpose();
    right += (1.0 + options_.confidence) * row;
  }
  normal.diagonal().array() += options_.ridge;
  const VectorXd user = normal.llt().solve(right);
  for (std::size_t i = 0; i < items_; ++i) {
    scores[i] = static_cast<float>(items.row(static_cast<Eigen::Index>(i)).dot(user));
  }
}

}  // namespace coldframe
