#include "framework/simulation/topic_world.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

using Eigen::Map;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::uint32_t k_start_session = 1;  // session 0 of Purpose::world_fit starts the softmax world

/// Shares of users and topics while EM runs. theta [U, L], phi [L, I], rows sum to 1.
struct Mixture {
  std::vector<double> theta;
  std::vector<double> phi;
};

Mixture start_from(const WorldData& data, const TopicFitOptions& options, const TopicParameters* start,
                   std::span<const double> share) {
  Mixture mixture;
  mixture.theta.assign(data.users.size() * options.topics, 1.0 / static_cast<double>(options.topics));
  if (start != nullptr) {
    mixture.phi = start->topic_items;
    return mixture;
  }
  const KeyedRandom random(options.seed, Purpose::world_fit);
  mixture.phi.resize(options.topics * data.item_count);
  for (std::size_t t = 0; t < options.topics; ++t) {
    double total = 0;
    for (std::size_t i = 0; i < data.item_count; ++i) {
      const double uniform = random.uniform(UserKey(i), k_start_session, 0, static_cast<std::uint32_t>(t));
      total += mixture.phi[t * data.item_count + i] = share[i] * (0.2 - std::log(uniform));
    }
    for (std::size_t i = 0; i < data.item_count; ++i) mixture.phi[t * data.item_count + i] /= total;
  }
  return mixture;
}

/// One EM step; returns the penalised log-likelihood of the mixture before the step. Dirichlet priors: theta towards
/// equal shares, phi towards popularity.
double em_step(const WorldData& data, const TopicFitOptions& options, std::span<const double> share, Mixture& mixture) {
  const std::size_t topics = options.topics;
  const double share_prior = options.share_prior / static_cast<double>(topics);
  std::vector<double> phi_counts(mixture.phi.size());
  double objective = 0;
  for (std::size_t t = 0; t < topics; ++t) {
    for (std::size_t i = 0; i < data.item_count; ++i) {
      const double prior = options.item_prior * share[i];
      phi_counts[t * data.item_count + i] = prior;
      objective += prior * std::log(mixture.phi[t * data.item_count + i]);
    }
  }
  std::vector<double> responsibility(topics);
  std::vector<double> counts(topics);
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    const WorldUser& user = data.users[u];
    double* theta = mixture.theta.data() + u * topics;
    for (std::size_t t = 0; t < topics; ++t) {
      counts[t] = share_prior;
      objective += user.weight * share_prior * std::log(theta[t]);
    }
    for (const std::uint32_t item : user.likes) {
      double total = 0;
      for (std::size_t t = 0; t < topics; ++t) {
        total += responsibility[t] = theta[t] * mixture.phi[t * data.item_count + item];
      }
      objective += user.weight * std::log(total);
      for (std::size_t t = 0; t < topics; ++t) {
        const double part = responsibility[t] / total;
        counts[t] += part;
        phi_counts[t * data.item_count + item] += user.weight * part;
      }
    }
    const double mass = static_cast<double>(user.likes.size()) + options.share_prior;
    for (std::size_t t = 0; t < topics; ++t) theta[t] = counts[t] / mass;
  }
  for (std::size_t t = 0; t < topics; ++t) {
    double total = 0;
    for (std::size_t i = 0; i < data.item_count; ++i) total += phi_counts[t * data.item_count + i];
    for (std::size_t i = 0; i < data.item_count; ++i) {
      mixture.phi[t * data.item_count + i] = phi_counts[t * data.item_count + i] / total;
    }
  }
  return objective;
}

/// Logistic normal law of the fitted shares: mean, ridge regression on the attributes, residual covariance.
void fit_share_law(const WorldData& data, const TopicFitOptions& options, const Mixture& mixture, TopicParameters& p) {
  const auto topics = static_cast<Eigen::Index>(p.topics);
  const auto size = static_cast<Eigen::Index>(p.attribute_size);
  const auto users = static_cast<Eigen::Index>(data.users.size());
  RowMajor logits = Map<const RowMajor>(mixture.theta.data(), users, topics).array().log();
  logits.colwise() -= logits.rowwise().mean().eval();
  VectorXd weights(users);
  for (Eigen::Index u = 0; u < users; ++u) weights[u] = data.users[static_cast<std::size_t>(u)].weight;
  const VectorXd mean = logits.transpose() * weights / weights.sum();
  logits.rowwise() -= mean.transpose();
  MatrixXd effect = MatrixXd::Zero(topics, size);
  if (size > 0) {
    MatrixXd x(users, size);
    for (Eigen::Index u = 0; u < users; ++u) {
      x.row(u) = Map<const VectorXd>(data.users[static_cast<std::size_t>(u)].x.data(), size).transpose();
    }
    MatrixXd gram = x.transpose() * weights.asDiagonal() * x;
    gram.diagonal().array() += options.effect_ridge;
    effect = gram.ldlt().solve(x.transpose() * weights.asDiagonal() * logits).transpose();
    logits -= x * effect.transpose();
  }
  // Half a user of unit variance keeps the covariance regular when there are fewer users than topics.
  MatrixXd covariance = logits.transpose() * weights.asDiagonal() * logits;
  covariance.diagonal().array() += 0.5;
  covariance /= weights.sum() + 0.5;
  const MatrixXd lower = covariance.llt().matrixL();
  p.mean.assign(mean.data(), mean.data() + topics);
  p.attribute_effect.resize(p.topics * p.attribute_size);
  Map<RowMajor>(p.attribute_effect.data(), topics, size) = effect;
  p.spread.resize(p.topics * p.topics);
  Map<RowMajor>(p.spread.data(), topics, topics) = lower;
}

}  // namespace

TopicFit fit_topics(const WorldData& data, const TopicFitOptions& options, const TopicParameters* start) {
  if (data.users.empty() || data.item_count < 2 || options.topics < 2) {
    throw DataError(fmt::format("topic world of {} users, {} items and {} topics", data.users.size(), data.item_count,
                                options.topics),
                    "needs at least one user with likes, two items and two topics", "use more users, or another fold");
  }
  TopicFit fit;
  TopicParameters& p = fit.parameters;
  p.items = data.item_count;
  p.topics = options.topics;
  p.attribute_size = data.attribute_size;
  p.item_share = item_shares(data, options.pseudo_count);
  Mixture mixture = start_from(data, options, start, p.item_share);
  const double enough = options.tolerance * data.like_weight();
  for (std::size_t iteration = 0; iteration < options.iterations; ++iteration) {
    fit.objective.push_back(em_step(data, options, p.item_share, mixture));
    const std::size_t done = fit.objective.size();
    if (done > 1 && fit.objective[done - 1] - fit.objective[done - 2] < enough) break;
  }
  p.topic_items = std::move(mixture.phi);
  fit_share_law(data, options, mixture, p);
  return fit;
}

}  // namespace coldframe
