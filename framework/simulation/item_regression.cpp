#include "framework/simulation/item_regression.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>

#include "framework/core/error.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::size_t k_least_items = 5;  // that have a category
constexpr std::size_t k_bands = 5;
constexpr double k_ridges[] = {1, 10, 100, 1000};

std::vector<std::string> cell_levels(const AttributeColumn& column, std::size_t row) {
  if (column.kind == AttributeKind::multi) return column.values[row];
  return column.missing(row) ? std::vector<std::string>{} : std::vector<std::string>{column.texts[row]};
}

std::vector<std::string> common_levels(const AttributeColumn& column) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t row = 0; row < column.size(); ++row) {
    for (const std::string& level : cell_levels(column, row)) ++counts[level];
  }
  std::vector<std::string> levels;
  for (const auto& [level, count] : counts) {
    if (count >= k_least_items) levels.push_back(level);
  }
  return levels;
}

/// Where bands of equal mass begin, and where the last one ends.
std::vector<double> band_edges(const AttributeColumn& column) {
  std::vector<double> values;
  for (const double value : column.numbers) {
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty()) return {};
  std::ranges::sort(values);
  std::vector<double> edges;
  for (std::size_t b = 0; b < k_bands; ++b) {
    const double edge = sorted_quantile(values, static_cast<double>(b) / k_bands);
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  return edges;
}

MatrixXd matrix_of(const std::vector<double>& values, std::size_t rows) {
  const auto columns = values.size() / rows;
  return Eigen::Map<const RowMajor>(values.data(), static_cast<Index>(rows), static_cast<Index>(columns));
}

std::vector<double> row_major(const MatrixXd& matrix) {
  std::vector<double> out(static_cast<std::size_t>(matrix.size()));
  Eigen::Map<RowMajor>(out.data(), matrix.rows(), matrix.cols()) = matrix;
  return out;
}

/// One candidate ridge.
struct Trial {
  MatrixXd slope;
  MatrixXd left;      // residuals [n, d]
  VectorXd leverage;  // [n] with that of the mean
  double error = 0;   // squared, of left-out rows, in units of the answers' variance
};

/// What is left of a row's error where the row helped to fit itself.
Eigen::ArrayXd kept_share(const VectorXd& leverage) { return (1.0 - leverage.array()).max(1e-6); }

/// x and y without their means; deviation [d].
Trial try_ridge(const MatrixXd& x, const MatrixXd& y, const VectorXd& deviation, double ridge) {
  Trial trial;
  const double rows = static_cast<double>(x.rows());
  trial.slope = MatrixXd::Zero(x.cols(), y.cols());
  trial.leverage = VectorXd::Constant(x.rows(), 1.0 / rows);
  if (x.cols() > 0) {
    MatrixXd gram = x.transpose() * x;
    gram.diagonal().array() += ridge;
    const Eigen::LDLT<MatrixXd> solver(gram);
    trial.slope = solver.solve(x.transpose() * y);
    trial.leverage.array() += (x.array() * solver.solve(x.transpose()).transpose().array()).rowwise().sum();
  }
  trial.left = y - x * trial.slope;
  const Eigen::ArrayXd kept = kept_share(trial.leverage);
  for (Index a = 0; a < y.cols(); ++a) {
    if (deviation(a) == 0) continue;
    trial.error += (trial.left.col(a).array() / kept).square().sum() / (deviation(a) * deviation(a) * rows);
  }
  return trial;
}

/// A root of a covariance that may have directions without variance, along which nothing is drawn.
MatrixXd root_of(const MatrixXd& covariance) {
  constexpr double k_nothing = 1e-12;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(covariance);
  VectorXd deviations = solver.eigenvalues();
  const double most = deviations.maxCoeff();
  for (double& variance : deviations) variance = variance > k_nothing * most ? std::sqrt(variance) : 0.0;
  return solver.eigenvectors() * deviations.asDiagonal();
}

/// Answers [items, d] for items with these features.
MatrixXd drawn_answers(const ItemRegression& fit, const std::vector<double>& x, std::size_t items, std::uint64_t seed) {
  const MatrixXd slope = matrix_of(fit.slope, std::max<std::size_t>(fit.features, 1));
  const MatrixXd root = matrix_of(fit.root, fit.answers);
  const KeyedRandom random(derived_seed(seed, "tastes of synthetic items"), Purpose::population);
  MatrixXd y(static_cast<Index>(items), static_cast<Index>(fit.answers));
  std::vector<double> normals(fit.answers);
  for (std::size_t n = 0; n < items; ++n) {
    keyed_normals(random, UserKey(n), 0, normals);
    const Eigen::Map<const VectorXd> luck(normals.data(), static_cast<Index>(normals.size()));
    VectorXd answer = Eigen::Map<const VectorXd>(fit.mean.data(), static_cast<Index>(fit.answers)) + root * luck;
    if (fit.features > 0) {
      const Eigen::Map<const VectorXd> features(x.data() + n * fit.features, static_cast<Index>(fit.features));
      answer += slope.transpose() * features;
    }
    y.row(static_cast<Index>(n)) = answer.transpose();
  }
  return y;
}

void subtract_mean(std::span<double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  for (double& value : values) value -= sum / static_cast<double>(values.size());
}

/// [I, 1 + G + L]: bias, group biases, factors.
std::vector<double> answers_of(const SoftmaxParameters& p) {
  std::vector<double> y;
  for (std::size_t i = 0; i < p.items; ++i) {
    y.push_back(p.item_bias[i]);
    for (std::size_t g = 0; g < p.groups; ++g) y.push_back(p.group_bias[g * p.items + i]);
    for (std::size_t l = 0; l < p.dimension; ++l) y.push_back(p.item_factors[i * p.dimension + l]);
  }
  return y;
}

/// Constants that all items share change no probability, so that the constraints of the fit can hold for the larger
/// catalogue, too.
void extend(SoftmaxParameters& p, const MatrixXd& y) {
  const auto more = static_cast<std::size_t>(y.rows());
  const SoftmaxParameters before = p;
  p.items += more;
  p.group_bias.assign(p.groups * p.items, 0.0);
  for (std::size_t g = 0; g < p.groups; ++g) {
    for (std::size_t i = 0; i < p.items; ++i) {
      p.group_bias[g * p.items + i] = i < before.items
                                          ? before.group_bias[g * before.items + i]
                                          : y(static_cast<Index>(i - before.items), static_cast<Index>(1 + g));
    }
  }
  for (Index n = 0; n < y.rows(); ++n) {
    p.item_bias.push_back(y(n, 0));
    for (std::size_t l = 0; l < p.dimension; ++l) {
      p.item_factors.push_back(y(n, static_cast<Index>(1 + p.groups + l)));
    }
  }
  subtract_mean(p.item_bias);
  std::vector<double> column(p.items);
  for (std::size_t l = 0; l < p.dimension; ++l) {
    for (std::size_t i = 0; i < p.items; ++i) column[i] = p.item_factors[i * p.dimension + l];
    subtract_mean(column);
    for (std::size_t i = 0; i < p.items; ++i) p.item_factors[i * p.dimension + l] = column[i];
  }
}

/// [I, L + 1]: log phi, log popularity.
std::vector<double> answers_of(const TopicParameters& p) {
  std::vector<double> y;
  for (std::size_t i = 0; i < p.items; ++i) {
    for (std::size_t t = 0; t < p.topics; ++t) y.push_back(std::log(p.topic_items[t * p.items + i]));
    y.push_back(std::log(p.item_share[i]));
  }
  return y;
}

void normalise(std::span<double> shares) {
  double sum = 0;
  for (const double share : shares) sum += share;
  for (double& share : shares) share /= sum;
}

void extend(TopicParameters& p, const MatrixXd& y) {
  const auto more = static_cast<std::size_t>(y.rows());
  const TopicParameters before = p;
  p.items += more;
  p.topic_items.assign(p.topics * p.items, 0.0);
  for (std::size_t t = 0; t < p.topics; ++t) {
    for (std::size_t i = 0; i < p.items; ++i) {
      p.topic_items[t * p.items + i] = i < before.items
                                           ? before.topic_items[t * before.items + i]
                                           : std::exp(y(static_cast<Index>(i - before.items), static_cast<Index>(t)));
    }
    normalise(std::span(p.topic_items).subspan(t * p.items, p.items));
  }
  for (Index n = 0; n < y.rows(); ++n) p.item_share.push_back(std::exp(y(n, static_cast<Index>(p.topics))));
  normalise(p.item_share);
}

}  // namespace

ItemFeatures::ItemFeatures(const EntityTable& items) {
  for (std::size_t c = 0; c < items.columns.size(); ++c) {
    const AttributeColumn& column = items.columns[c];
    if (column.kind == AttributeKind::text) continue;
    Column made{c, {}, {}};
    if (column.kind == AttributeKind::number) {
      made.edges = band_edges(column);
    } else {
      made.levels = common_levels(column);
    }
    if (made.levels.size() + made.edges.size() > 0) columns_.push_back(std::move(made));
  }
  for (std::size_t row = 0; row < items.size(); ++row) {
    const std::vector<double> x = raw(items, row);
    means_.resize(x.size(), 0.0);
    for (std::size_t f = 0; f < x.size(); ++f) means_[f] += x[f] / static_cast<double>(items.size());
  }
}

std::vector<double> ItemFeatures::raw(const EntityTable& items, std::size_t row) const {
  std::vector<double> x;
  for (const Column& made : columns_) {
    const AttributeColumn& column = items.columns[made.column];
    if (!made.edges.empty()) {
      const double value = column.numbers[row];
      for (std::size_t b = 0; b < made.edges.size(); ++b) {
        const bool from = b == 0 || value >= made.edges[b];
        const bool to = b + 1 == made.edges.size() || value < made.edges[b + 1];
        x.push_back(!std::isnan(value) && from && to ? 1.0 : 0.0);
      }
      continue;
    }
    const std::vector<std::string> there = cell_levels(column, row);
    for (const std::string& level : made.levels)
      x.push_back(std::ranges::find(there, level) != there.end() ? 1.0 : 0.0);
  }
  return x;
}

std::vector<double> ItemFeatures::of(const EntityTable& items) const {
  std::vector<double> out;
  for (std::size_t row = 0; row < items.size(); ++row) {
    const std::vector<double> x = raw(items, row);
    for (std::size_t f = 0; f < x.size(); ++f) out.push_back(x[f] - means_[f]);
  }
  return out;
}

ItemRegression fit_item_regression(const std::vector<double>& x, const std::vector<double>& y, std::size_t rows) {
  ItemRegression fit;
  fit.features = x.size() / rows;
  fit.answers = y.size() / rows;
  const MatrixXd features = matrix_of(x, rows);
  MatrixXd answers = matrix_of(y, rows);
  const VectorXd mean = answers.colwise().mean().transpose();
  answers.rowwise() -= mean.transpose();
  const VectorXd deviation = (answers.colwise().squaredNorm() / static_cast<double>(rows)).cwiseSqrt().transpose();
  Trial best;
  best.error = std::numeric_limits<double>::infinity();
  for (const double ridge : k_ridges) {
    Trial trial = try_ridge(features, answers, deviation, ridge);
    if (trial.error >= best.error) continue;
    best = std::move(trial);
    fit.ridge = ridge;
  }
  const double freedom = std::max(1.0, static_cast<double>(rows) - best.leverage.sum());
  fit.mean.assign(mean.data(), mean.data() + mean.size());
  fit.slope = row_major(best.slope);
  fit.root = row_major(root_of(best.left.transpose() * best.left / freedom));
  const Eigen::ArrayXd kept = kept_share(best.leverage);
  for (Index a = 0; a < answers.cols(); ++a) {
    const double left = (best.left.col(a).array() / kept).square().mean();
    fit.explained.push_back(deviation(a) == 0 ? 0.0 : 1.0 - left / (deviation(a) * deviation(a)));
  }
  return fit;
}

ItemRegression add_items(World& world, const ItemFeatures& features, const EntityTable& fitted,
                         const EntityTable& items, std::uint64_t seed) {
  return std::visit(
      [&](auto& parameters) -> ItemRegression {
        if constexpr (std::is_same_v<std::decay_t<decltype(parameters)>, ChainParameters>) {
          throw ConfigError(fmt::format("synthetic items in world {}", world.name()),
                            "its links belong to pairs of items, about which attributes say too little",
                            "use population.tastes = softmax, topics");
        } else {
          const ItemRegression fit = fit_item_regression(features.of(fitted), answers_of(parameters), fitted.size());
          extend(parameters, drawn_answers(fit, features.of(items), items.size(), seed));
          return fit;
        }
      },
      world.parameters);
}

}  // namespace coldframe
