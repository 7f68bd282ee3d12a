#include "framework/simulation/detail/softmax_objective.h"

#include <cmath>

#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

using Eigen::ArrayXd;
using Eigen::Map;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int k_newton_steps = 50;

/// Replaces logits by probabilities and returns log sum exp.
double softmax_in_place(ArrayXd& logits) {
  const double largest = logits.maxCoeff();
  logits = (logits - largest).exp();
  const double total = logits.sum();
  logits /= total;
  return largest + std::log(total);
}

VectorXd prior_mean(const SoftmaxParameters& parameters, const WorldUser& user) {
  const Map<const RowMajor> effect(parameters.attribute_effect.data(), static_cast<Eigen::Index>(parameters.dimension),
                                   static_cast<Eigen::Index>(parameters.attribute_size));
  return effect * Map<const VectorXd>(user.x.data(), static_cast<Eigen::Index>(user.x.size()));
}

/// Bias and factors in the shape the E step works on.
struct Score {
  MatrixXd factors;             // [I, L]
  std::vector<ArrayXd> biases;  // per group [I]

  explicit Score(const SoftmaxParameters& p) {
    const auto items = static_cast<Eigen::Index>(p.items);
    factors = Map<const RowMajor>(p.item_factors.data(), items, static_cast<Eigen::Index>(p.dimension));
    for (std::size_t g = 0; g < p.groups; ++g) {
      biases.emplace_back(Map<const ArrayXd>(p.item_bias.data(), items) +
                          Map<const ArrayXd>(p.group_bias.data() + g * p.items, items));
    }
  }
};

/// log p(likes | z) - |z - mean|^2 / 2; leaves p(. | z) in `probabilities`.
double log_joint(const Score& score, const WorldUser& user, const VectorXd& mean, const VectorXd& z,
                 ArrayXd& probabilities) {
  probabilities = score.biases[user.group] + (score.factors * z).array();
  double liked = 0;
  for (const std::uint32_t item : user.likes) liked += probabilities[item];
  const double normaliser = softmax_in_place(probabilities);
  return liked - static_cast<double>(user.likes.size()) * normaliser - 0.5 * (z - mean).squaredNorm();
}

UserPosterior find_mode(const Score& score, const WorldUser& user, const VectorXd& mean, VectorXd z) {
  const auto likes = static_cast<double>(user.likes.size());
  VectorXd liked = VectorXd::Zero(z.size());
  for (const std::uint32_t item : user.likes) liked += score.factors.row(item).transpose();
  ArrayXd probabilities;
  ArrayXd trial;
  double value = log_joint(score, user, mean, z, probabilities);
  MatrixXd precision;
  for (int step = 0;; ++step) {
    const VectorXd average = score.factors.transpose() * probabilities.matrix();
    const MatrixXd scaled = score.factors.array().colwise() * probabilities;
    precision = likes * (scaled.transpose() * score.factors - average * average.transpose());
    precision.diagonal().array() += 1.0;
    const VectorXd gradient = liked - likes * average - (z - mean);
    if (gradient.squaredNorm() < 1e-20 || step == k_newton_steps) break;
    const VectorXd direction = precision.llt().solve(gradient);
    double length = 1.0;
    double next = log_joint(score, user, mean, z + direction, trial);
    while (!(next > value) && length > 1e-6) {
      length *= 0.5;
      next = log_joint(score, user, mean, z + length * direction, trial);
    }
    if (!(next > value)) break;
    z += length * direction;
    value = next;
    probabilities.swap(trial);
  }
  const Eigen::LLT<MatrixXd> factor(precision);
  UserPosterior posterior;
  posterior.covariance = factor.solve(MatrixXd::Identity(z.size(), z.size()));
  posterior.log_evidence = value - factor.matrixLLT().diagonal().array().log().sum();
  posterior.mode = std::move(z);
  if (!std::isfinite(posterior.log_evidence)) {
    throw NumericError("world fit diverged", "the posterior of a user is not finite", "raise the ridges");
  }
  return posterior;
}

}  // namespace

std::vector<double> to_flat(const SoftmaxParameters& p) {
  std::vector<double> flat(p.item_bias);
  flat.insert(flat.end(), p.group_bias.begin(), p.group_bias.end());
  for (std::size_t l = 0; l < p.dimension; ++l) {
    for (std::size_t i = 0; i < p.items; ++i) flat.push_back(p.item_factors[i * p.dimension + l]);
  }
  return flat;
}

void from_flat(std::span<const double> flat, SoftmaxParameters& p) {
  const std::size_t factors_at = p.items * (1 + p.groups);
  p.item_bias.assign(flat.begin(), flat.begin() + static_cast<std::ptrdiff_t>(p.items));
  p.group_bias.assign(flat.begin() + static_cast<std::ptrdiff_t>(p.items),
                      flat.begin() + static_cast<std::ptrdiff_t>(factors_at));
  p.item_factors.resize(p.items * p.dimension);
  for (std::size_t l = 0; l < p.dimension; ++l) {
    for (std::size_t i = 0; i < p.items; ++i) p.item_factors[i * p.dimension + l] = flat[factors_at + l * p.items + i];
  }
}

UserPosterior laplace(const SoftmaxParameters& parameters, const WorldUser& user, const VectorXd& start) {
  return find_mode(Score(parameters), user, prior_mean(parameters, user), start);
}

std::vector<UserPosterior> laplace_all(const SoftmaxParameters& parameters, const WorldData& data,
                                       const std::vector<UserPosterior>* start) {
  const Score score(parameters);
  std::vector<UserPosterior> posteriors;
  posteriors.reserve(data.users.size());
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    const VectorXd mean = prior_mean(parameters, data.users[u]);
    posteriors.push_back(find_mode(score, data.users[u], mean, start != nullptr ? (*start)[u].mode : mean));
  }
  return posteriors;
}

double log_prior(std::span<const double> flat, const SoftmaxLayout& layout, std::span<const double> group_shares,
                 const SoftmaxFitOptions& options, std::span<double> gradient) {
  const auto items = static_cast<Eigen::Index>(layout.items);
  const Map<const ArrayXd> bias(flat.data(), items);
  ArrayXd share = bias;
  const double normaliser = softmax_in_place(share);
  const auto count = static_cast<double>(layout.items);
  double value = options.pseudo_count * (bias.sum() - count * normaliser);
  if (!gradient.empty()) Map<ArrayXd>(gradient.data(), items) += options.pseudo_count * (1.0 - count * share);
  for (std::size_t at = items, block = 0; at < flat.size(); at += layout.items, ++block) {
    const Map<const ArrayXd> part(flat.data() + at, items);
    // Weighted by the group's size, so that moving a shared part into b never costs anything.
    const double ridge = block < layout.groups
                             ? options.group_ridge * group_shares[block] * static_cast<double>(layout.groups)
                             : options.factor_ridge;
    value -= 0.5 * ridge * part.square().sum();
    if (!gradient.empty()) Map<ArrayXd>(gradient.data() + at, items) -= ridge * part;
  }
  return value;
}

double effect_log_prior(const SoftmaxParameters& parameters, const SoftmaxFitOptions& options) {
  double sum = 0;
  for (const double value : parameters.attribute_effect) sum += value * value;
  return -0.5 * options.effect_ridge * sum;
}

double expected_log_likelihood(const WorldData& data, const std::vector<UserPosterior>& posteriors,
                               const SoftmaxLayout& layout, const SoftmaxFitOptions& options,
                               std::span<const double> flat, std::span<double> gradient) {
  const auto items = static_cast<Eigen::Index>(layout.items);
  const auto dimension = static_cast<Eigen::Index>(layout.dimension);
  const std::size_t factors_at = layout.items * (1 + layout.groups);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double value = log_prior(flat, layout, data.group_shares(), options, gradient);
  const Map<const ArrayXd> bias(flat.data(), items);
  const Map<const MatrixXd> factors(flat.data() + factors_at, items, dimension);
  Map<ArrayXd> bias_gradient(gradient.data(), items);
  Map<MatrixXd> factor_gradient(gradient.data() + factors_at, items, dimension);
  ArrayXd probabilities;
  MatrixXd spread;
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    const WorldUser& user = data.users[u];
    const UserPosterior& posterior = posteriors[u];
    const std::size_t group_at = layout.items * (1 + user.group);
    spread.noalias() = factors * posterior.covariance;
    const ArrayXd mean = bias + Map<const ArrayXd>(flat.data() + group_at, items) + (factors * posterior.mode).array();
    probabilities = mean + 0.5 * (spread.cwiseProduct(factors)).rowwise().sum().array();
    const double mass = user.weight * static_cast<double>(user.likes.size());
    double liked = 0;
    for (const std::uint32_t item : user.likes) liked += mean[item];
    value += user.weight * liked - mass * softmax_in_place(probabilities);
    ArrayXd residual = -mass * probabilities;
    factor_gradient.array() += spread.array().colwise() * residual;
    for (const std::uint32_t item : user.likes) residual[item] += user.weight;
    bias_gradient += residual;
    Map<ArrayXd>(gradient.data() + group_at, items) += residual;
    factor_gradient.noalias() += residual.matrix() * posterior.mode.transpose();
  }
  return value;
}

}  // namespace coldframe::detail
