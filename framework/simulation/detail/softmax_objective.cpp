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

/// Leaves p(. | mode) in `probabilities`.
UserPosterior find_mode(const Score& score, const WorldUser& user, const VectorXd& mean, VectorXd z,
                        ArrayXd& probabilities) {
  const auto likes = static_cast<double>(user.likes.size());
  VectorXd liked = VectorXd::Zero(z.size());
  for (const std::uint32_t item : user.likes) liked += score.factors.row(item).transpose();
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
    // Close to the mode the value is flat in double precision while the gradient still shrinks: equal counts as
    // progress.
    const double least = value - 1e-12 * (1.0 + std::abs(value));
    double length = 1.0;
    double next = log_joint(score, user, mean, z + direction, trial);
    while (!(next >= least) && length > 1e-6) {
      length *= 0.5;
      next = log_joint(score, user, mean, z + length * direction, trial);
    }
    if (!(next >= least)) break;
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
  flat.insert(flat.end(), p.attribute_effect.begin(), p.attribute_effect.end());
  return flat;
}

void from_flat(std::span<const double> flat, SoftmaxParameters& p) {
  const auto take = [&](std::size_t count) {
    const std::span<const double> part = flat.first(count);
    flat = flat.subspan(count);
    return part;
  };
  const auto bias = take(p.items);
  p.item_bias.assign(bias.begin(), bias.end());
  const auto group_bias = take(p.groups * p.items);
  p.group_bias.assign(group_bias.begin(), group_bias.end());
  p.item_factors.resize(p.items * p.dimension);
  for (std::size_t l = 0; l < p.dimension; ++l) {
    const auto column = take(p.items);
    for (std::size_t i = 0; i < p.items; ++i) p.item_factors[i * p.dimension + l] = column[i];
  }
  const auto effect = take(p.dimension * p.attribute_size);
  p.attribute_effect.assign(effect.begin(), effect.end());
}

std::vector<UserPosterior> laplace_all(const SoftmaxParameters& parameters, const WorldData& data) {
  const Score score(parameters);
  ArrayXd probabilities;
  std::vector<UserPosterior> posteriors;
  posteriors.reserve(data.users.size());
  for (const WorldUser& user : data.users) {
    const VectorXd mean = prior_mean(parameters, user);
    posteriors.push_back(find_mode(score, user, mean, mean, probabilities));
  }
  return posteriors;
}

double log_prior(std::span<const double> flat, const SoftmaxParameters& shape, std::span<const double> group_shares,
                 const SoftmaxFitOptions& options, std::span<double> gradient) {
  const auto items = static_cast<Eigen::Index>(shape.items);
  const auto count = static_cast<double>(shape.items);
  const Map<const ArrayXd> bias(flat.data(), items);
  ArrayXd share = bias;
  const double normaliser = softmax_in_place(share);
  double value = options.pseudo_count * (bias.sum() - count * normaliser);
  if (!gradient.empty()) Map<ArrayXd>(gradient.data(), items) += options.pseudo_count * (1.0 - count * share);
  const auto penalise = [&](std::size_t at, std::size_t size, double ridge) {
    const Map<const ArrayXd> part(flat.data() + at, static_cast<Eigen::Index>(size));
    value -= 0.5 * ridge * part.square().sum();
    if (!gradient.empty()) Map<ArrayXd>(gradient.data() + at, part.size()) -= ridge * part;
  };
  std::size_t at = shape.items;
  for (std::size_t g = 0; g < shape.groups; ++g, at += shape.items) {
    // Weighted by the group's size, so that moving a shared part into b never costs anything.
    penalise(at, shape.items, options.group_ridge * group_shares[g] * static_cast<double>(shape.groups));
  }
  penalise(at, shape.items * shape.dimension, options.factor_ridge);
  at += shape.items * shape.dimension;
  penalise(at, shape.dimension * shape.attribute_size, options.effect_ridge);
  return value;
}

double laplace_objective(const WorldData& data, const SoftmaxParameters& shape, const SoftmaxFitOptions& options,
                         std::vector<UserPosterior>& posteriors, std::span<const double> flat,
                         std::span<double> gradient) {
  SoftmaxParameters p = shape;
  from_flat(flat, p);
  const Score score(p);
  const auto items = static_cast<Eigen::Index>(p.items);
  const auto dimension = static_cast<Eigen::Index>(p.dimension);
  const auto size = static_cast<Eigen::Index>(p.attribute_size);
  const std::size_t factors_at = p.items * (1 + p.groups);
  const std::size_t effect_at = factors_at + p.items * p.dimension;
  std::fill(gradient.begin(), gradient.end(), 0.0);
  double value = log_prior(flat, p, data.group_shares(), options, gradient);
  Map<ArrayXd> bias_gradient(gradient.data(), items);
  Map<MatrixXd> factor_gradient(gradient.data() + factors_at, items, dimension);
  Map<RowMajor> effect_gradient(gradient.data() + effect_at, dimension, size);
  ArrayXd probabilities;
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    const WorldUser& user = data.users[u];
    const VectorXd mean = prior_mean(p, user);
    posteriors[u] = find_mode(score, user, mean, posteriors[u].mode, probabilities);
    const UserPosterior& posterior = posteriors[u];
    const auto likes = static_cast<double>(user.likes.size());
    value += user.weight * posterior.log_evidence;

    const VectorXd average = score.factors.transpose() * probabilities.matrix();
    const MatrixXd centred = score.factors.rowwise() - average.transpose();
    const MatrixXd spread = centred * posterior.covariance;
    const ArrayXd quadratic = spread.cwiseProduct(centred).rowwise().sum().array();
    const ArrayXd curvature = 0.5 * likes * probabilities * (quadratic - (probabilities * quadratic).sum());
    const VectorXd pull = posterior.covariance * (score.factors.transpose() * curvature.matrix());
    ArrayXd residual = -likes * probabilities;
    for (const std::uint32_t item : user.likes) residual[item] += 1.0;
    const ArrayXd logit_gradient =
        user.weight * (residual - curvature + likes * probabilities * (centred * pull).array());
    bias_gradient += logit_gradient;
    Map<ArrayXd>(gradient.data() + p.items * (1 + user.group), items) += logit_gradient;
    factor_gradient.noalias() += logit_gradient.matrix() * posterior.mode.transpose();
    factor_gradient.array() -= spread.array().colwise() * (user.weight * likes * probabilities);
    factor_gradient.noalias() -= (user.weight * residual).matrix() * pull.transpose();
    effect_gradient.noalias() +=
        user.weight * (posterior.mode - mean - pull) * Map<const VectorXd>(user.x.data(), size).transpose();
  }
  return value;
}

}  // namespace coldframe::detail
