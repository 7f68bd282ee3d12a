#include "framework/simulation/item_regression.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/simulation/random_layout.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

MatrixXd normals(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  const KeyedRandom random(seed, Purpose::initialisation);
  MatrixXd out(rows, columns);
  std::vector<double> row(columns);
  for (std::size_t i = 0; i < rows; ++i) {
    keyed_normals(random, UserKey(i), 0, row);
    for (std::size_t c = 0; c < columns; ++c) out(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) = row[c];
  }
  return out;
}

std::vector<double> flat(const MatrixXd& m) {
  std::vector<double> out;
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    for (Eigen::Index c = 0; c < m.cols(); ++c) out.push_back(m(i, c));
  }
  return out;
}

MatrixXd centred(const MatrixXd& m) { return m.rowwise() - m.colwise().mean(); }

/// A catalogue with a genre and a year for every item.
EntityTable catalogue(std::size_t items) {
  EntityTable table;
  AttributeColumn genre{"genres", AttributeKind::multi, {}, {}, {}}, year{"year", AttributeKind::number, {}, {}, {}};
  AttributeColumn title{"title", AttributeKind::text, {}, {}, {}};
  for (std::size_t i = 0; i < items; ++i) {
    table.ids.push_back(fmt::format("i{}", i));
    genre.values.push_back(i % 2 == 0 ? std::vector<std::string>{"Drama"}
                                      : std::vector<std::string>{"Comedy", "Farce"});
    year.numbers.push_back(1960.0 + static_cast<double>(i % 50));
    title.texts.push_back("x");
  }
  table.columns = {title, genre, year};
  return table;
}

TEST(ItemFeatures, are_categories_and_bands_less_their_means) {
  EntityTable items = catalogue(50);
  items.columns[1].values[0] = {"Rare"};
  const ItemFeatures features(items);
  EXPECT_EQ(features.size(), 3u + 5u);  // Comedy, Drama, Farce; "Rare" has one item
  const std::vector<double> x = features.of(items);
  for (std::size_t f = 0; f < 8; ++f) {
    double sum = 0;
    for (std::size_t i = 0; i < 50; ++i) sum += x[i * 8 + f];
    EXPECT_NEAR(sum, 0, 1e-12);
  }
  EXPECT_NEAR(x[1 * 8 + 0], 1 - 0.5, 1e-12);     // item 1 is a comedy, as half of them are
  EXPECT_NEAR(x[1 * 8 + 1], -24.0 / 50, 1e-12);  // no drama, as 24 are
  EXPECT_NEAR(x[3], 1 - 10.0 / 50, 1e-12);       // item 0 is in the first fifth of years
  items.columns[2].numbers[0] = std::nan("");
  EXPECT_NEAR(features.of(items)[3], -10.0 / 50, 1e-12);  // in no band
  // A value beyond all bands is in the outermost.
  items.columns[2].numbers[0] = 2050;
  EXPECT_NEAR(features.of(items)[7], 1 - 10.0 / 50, 1e-12);
}

TEST(ItemRegression, recovers_slopes_and_the_covariance_of_what_is_left) {
  constexpr std::size_t k_rows = 4000;
  const MatrixXd x = centred(normals(k_rows, 3, 1));
  MatrixXd slope(3, 2), root(2, 2);
  slope << 1.0, 0.0, -0.5, 2.0, 0.0, 0.3;
  root << 0.8, 0.0, 0.5, 0.6;
  const MatrixXd y = (x * slope + normals(k_rows, 2, 2) * root.transpose()).rowwise() + Eigen::RowVector2d(3, -1);
  const ItemRegression fit = fit_item_regression(flat(x), flat(y), k_rows);
  EXPECT_EQ(fit.features, 3u);
  EXPECT_EQ(fit.answers, 2u);
  EXPECT_NEAR(fit.mean[0], 3, 4 * 0.8 / std::sqrt(k_rows));
  EXPECT_NEAR(fit.mean[1], -1, 4 * 0.8 / std::sqrt(k_rows));
  for (std::size_t f = 0; f < 3; ++f) {
    for (std::size_t a = 0; a < 2; ++a) {
      EXPECT_NEAR(fit.slope[f * 2 + a], slope(static_cast<Eigen::Index>(f), static_cast<Eigen::Index>(a)), 0.06);
    }
  }
  const Eigen::Map<const Eigen::Matrix<double, 2, 2, Eigen::RowMajor>> found(fit.root.data());
  const MatrixXd covariance = found * found.transpose(), truth = root * root.transpose();
  EXPECT_NEAR(covariance(0, 0), truth(0, 0), 0.06);
  EXPECT_NEAR(covariance(0, 1), truth(0, 1), 0.06);
  EXPECT_NEAR(covariance(1, 1), truth(1, 1), 0.06);
  // Variances 1 + .25 of 1.89, and 4 + .09 of 4.70.
  EXPECT_NEAR(fit.explained[0], 1.25 / 1.89, 0.03);
  EXPECT_NEAR(fit.explained[1], 4.09 / 4.70, 0.03);
}

TEST(ItemRegression, left_out_rows_are_really_left_out) {
  constexpr Eigen::Index k_rows = 15;
  const MatrixXd x = centred(normals(k_rows, 3, 5));
  const MatrixXd y = x.leftCols(1) * 2.0 + normals(k_rows, 1, 6);
  const ItemRegression fit = fit_item_regression(flat(x), flat(y), k_rows);
  double squares = 0;
  for (Eigen::Index out = 0; out < k_rows; ++out) {
    MatrixXd kept_x(k_rows - 1, 3), kept_y(k_rows - 1, 1);
    for (Eigen::Index i = 0, at = 0; i < k_rows; ++i) {
      if (i == out) continue;
      kept_x.row(at) = x.row(i);
      kept_y.row(at++) = y.row(i);
    }
    MatrixXd gram = centred(kept_x).transpose() * centred(kept_x);
    gram.diagonal().array() += fit.ridge;
    const VectorXd slope = gram.inverse() * centred(kept_x).transpose() * centred(kept_y);
    const double predicted = kept_y.mean() + (x.row(out) - kept_x.colwise().mean()).dot(slope.transpose());
    squares += std::pow(y(out, 0) - predicted, 2);
  }
  EXPECT_NEAR(fit.explained[0], 1 - squares / centred(y).squaredNorm(), 1e-9);
}

TEST(ItemRegression, of_noise_is_held_back_and_of_nothing_is_the_mean) {
  constexpr std::size_t k_rows = 300;
  const MatrixXd x = centred(normals(k_rows, 5, 1)), y = normals(k_rows, 2, 9);
  const ItemRegression noise = fit_item_regression(flat(x), flat(y), k_rows);
  EXPECT_EQ(noise.ridge, 1000);
  EXPECT_LT(noise.explained[0], 0.02);
  const ItemRegression nothing = fit_item_regression({}, flat(y), k_rows);
  EXPECT_EQ(nothing.features, 0u);
  EXPECT_NEAR(nothing.mean[0], y.col(0).mean(), 1e-12);
  const Eigen::Map<const Eigen::Matrix<double, 2, 2, Eigen::RowMajor>> root(nothing.root.data());
  const MatrixXd covariance = root * root.transpose();
  EXPECT_NEAR(covariance(0, 0), centred(y).col(0).squaredNorm() / (k_rows - 1), 1e-9);
}

/// Utilities of a user with this state, in groups 0 and 1.
std::vector<double> utilities(const World& world, std::uint32_t group, std::span<const double> state) {
  const auto taste = make_taste(world, 1.0);
  std::vector<double> out(taste->item_count());
  taste->utilities(group, state, out);
  return out;
}

void expect_same_taste_among_the_old(const World& before, const World& after, std::span<const double> state,
                                     std::size_t items) {
  for (const std::uint32_t group : {0u, 1u}) {
    const std::vector<double> old = utilities(before, group, state), now = utilities(after, group, state);
    EXPECT_GT(now.size(), old.size());
    double total = 0;
    for (const double v : now) total += std::exp(v);
    EXPECT_NEAR(total, static_cast<double>(now.size()), 1e-9);
    for (std::size_t i = 1; i < items; ++i) EXPECT_NEAR(now[i] - now[0], old[i] - old[0], 1e-9);
  }
}

TEST(ItemRegression, new_items_leave_the_tastes_among_the_old_ones_as_they_were) {
  const EntityTable old_items = catalogue(60), new_items = catalogue(25);
  const ItemFeatures features(old_items);
  World softmax{0, known_softmax(60, 2, 2, 1)};
  const World before = softmax;
  add_items(softmax, features, old_items, new_items, 7);
  const std::vector<double> state = {0.7, -1.1};
  expect_same_taste_among_the_old(before, softmax, state, 60);
  // The constraints of the fit hold.
  const auto& p = std::get<SoftmaxParameters>(softmax.parameters);
  EXPECT_EQ(p.items, 85u);
  double biases = 0, factors = 0;
  for (std::size_t i = 0; i < p.items; ++i) {
    biases += p.item_bias[i];
    factors += p.item_factors[i * 2];
    EXPECT_NEAR(p.group_bias[i] + p.group_bias[p.items + i], 0, 1e-9);  // groups of equal size
  }
  EXPECT_NEAR(biases, 0, 1e-9);
  EXPECT_NEAR(factors, 0, 1e-9);

  TopicParameters topics;
  topics.items = 60;
  topics.topics = 2;
  topics.attribute_size = 1;
  double even = 0, odd = 0;
  for (int i = 0; i < 60; ++i) (i % 2 == 0 ? even : odd) += 1.0 + i;
  for (int t = 0; t < 2; ++t) {
    for (int i = 0; i < 60; ++i) {
      const bool own = i % 2 == t;
      topics.topic_items.push_back((own ? 0.9 : 0.1) * (1.0 + i) / (i % 2 == 0 ? even : odd));
    }
  }
  for (int i = 0; i < 60; ++i) topics.item_share.push_back((1.0 + i) / (even + odd));
  topics.mean = topics.attribute_effect = {0, 0};
  topics.spread = {1, 0, 0, 1};
  World mixture{0, topics};
  const World mixture_before = mixture;
  const ItemRegression fit = add_items(mixture, features, old_items, new_items, 7);
  EXPECT_GT(fit.explained[0], 0.3);  // topics are dramas and comedies
  const auto& q = std::get<TopicParameters>(mixture.parameters);
  for (std::size_t t = 0; t < 2; ++t) {
    double sum = 0, dramas = 0;
    for (std::size_t i = 0; i < 85; ++i) sum += q.topic_items[t * 85 + i];
    for (std::size_t i = 60; i < 85; i += 2) dramas += q.topic_items[t * 85 + i];
    double comedies = 0;
    for (std::size_t i = 61; i < 85; i += 2) comedies += q.topic_items[t * 85 + i];
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_EQ(dramas > comedies, t == 0);  // new ones belong to the topic of their genre
  }
  // Rows of phi are scaled by what the new items take from each topic, so that mixtures among the old ones move; the
  // lifts within a topic do not.
  const auto& o = std::get<TopicParameters>(mixture_before.parameters);
  for (std::size_t i = 1; i < 60; ++i) {
    EXPECT_NEAR(q.topic_items[i] / q.topic_items[0], o.topic_items[i] / o.topic_items[0], 1e-9);
    EXPECT_NEAR(q.item_share[i] / q.item_share[0], o.item_share[i] / o.item_share[0], 1e-9);
  }
}

TEST(ItemRegression, drawn_items_have_the_law_of_the_regression) {
  // Factors that follow from the genre, and noise.
  SoftmaxParameters p{200, 1, 1, 1, std::vector<double>(200), std::vector<double>(200), {}, {0.0}};
  const MatrixXd noise = normals(200, 2, 3);
  for (std::size_t i = 0; i < 200; ++i) {
    const auto at = static_cast<Eigen::Index>(i);
    p.item_bias[i] = 0.5 * noise(at, 0);
    p.item_factors.push_back((i % 2 == 0 ? 1.0 : -1.0) + 0.3 * noise(at, 0) + 0.4 * noise(at, 1));
  }
  World world{0, p};
  const EntityTable old_items = catalogue(200), new_items = catalogue(6000);
  add_items(world, ItemFeatures(old_items), old_items, new_items, 1);
  const auto& q = std::get<SoftmaxParameters>(world.parameters);
  // Constraints move all by a constant: compare differences and covariances.
  double drama = 0, comedy = 0;
  for (std::size_t i = 200; i < 6200; ++i) (i % 2 == 0 ? drama : comedy) += q.item_factors[i] / 3000;
  EXPECT_NEAR(drama - comedy, 2.0, 0.2);
  double bias_mean = 0;
  for (std::size_t i = 200; i < 6200; ++i) bias_mean += q.item_bias[i] / 6000;
  double square = 0, product = 0, bias_square = 0;
  for (std::size_t i = 200; i < 6200; ++i) {
    const double f = q.item_factors[i] - (i % 2 == 0 ? drama : comedy), b = q.item_bias[i] - bias_mean;
    square += f * f / 6000;
    product += f * b / 6000;
    bias_square += b * b / 6000;
  }
  EXPECT_NEAR(square, 0.25, 0.08);  // .09 + .16
  EXPECT_NEAR(bias_square, 0.25, 0.08);
  EXPECT_NEAR(product, 0.15, 0.06);
}

TEST(ItemRegression, refuses_the_chain) {
  ChainParameters chain;
  World world{0, chain};
  const EntityTable items = catalogue(10);
  EXPECT_THROW(add_items(world, ItemFeatures(items), items, items, 1), ConfigError);
}

}  // namespace
}  // namespace coldframe
