#include "framework/simulation/softmax_world.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/simulation/detail/lbfgs.h"
#include "framework/simulation/detail/softmax_objective.h"

namespace coldframe {
namespace {

using detail::UserPosterior;
using Eigen::Map;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr std::size_t k_climbing_steps = 10;  // L-BFGS steps of one M step
constexpr int k_power_steps = 8;
constexpr double k_start_spread = 0.5;  // standard deviation of a starting factor over likes
constexpr int k_step_halvings = 6;

/// Leading directions of the users' residuals from the item shares, by subspace iteration from keyed normals: a start
/// that is off the saddle at q = 0.
MatrixXd starting_factors(const WorldData& data, const SoftmaxFitOptions& options, const VectorXd& shares) {
  const auto items = static_cast<Eigen::Index>(data.item_count);
  const auto dimension = static_cast<Eigen::Index>(options.dimension);
  const KeyedRandom random(options.seed, Purpose::world_fit);
  MatrixXd directions(items, dimension);
  for (Eigen::Index i = 0; i < items; ++i) {
    for (Eigen::Index l = 0; l < dimension; ++l) {
      const auto words = random.block(UserKey(static_cast<std::uint64_t>(i)), 0, 0, static_cast<std::uint32_t>(l));
      directions(i, l) = standard_normals(words[0], words[1])[0];
    }
  }
  const VectorXd deviation = shares.cwiseSqrt();
  for (int power = 0; power <= k_power_steps; ++power) {
    const MatrixXd basis = Eigen::HouseholderQR<MatrixXd>(directions).householderQ() *
                           MatrixXd::Identity(items, dimension);
    if (power == k_power_steps) return k_start_spread * (basis.array().colwise() / deviation.array()).matrix();
    directions.setZero();
    for (const WorldUser& user : data.users) {
      if (user.likes.empty()) continue;
      const auto likes = static_cast<double>(user.likes.size());
      const double scale = user.weight / likes;
      VectorXd projection = -likes * (basis.transpose() * deviation);
      for (const std::uint32_t item : user.likes) projection += basis.row(item).transpose() / deviation[item];
      directions.noalias() -= (scale * likes) * deviation * projection.transpose();
      for (const std::uint32_t item : user.likes) {
        directions.row(item) += (scale / deviation[item]) * projection.transpose();
      }
    }
  }
  return directions;
}

SoftmaxParameters starting_parameters(const WorldData& data, const SoftmaxFitOptions& options) {
  SoftmaxParameters start;
  start.items = data.item_count;
  start.groups = data.group_count;
  start.dimension = options.dimension;
  start.attribute_size = data.attribute_size;
  const auto items = static_cast<Eigen::Index>(data.item_count);
  VectorXd shares = VectorXd::Constant(items, options.pseudo_count);
  for (const WorldUser& user : data.users) {
    for (const std::uint32_t item : user.likes) shares[item] += user.weight;
  }
  shares /= shares.sum();
  start.item_bias.resize(data.item_count);
  Map<VectorXd>(start.item_bias.data(), items) = shares.array().log().matrix();
  start.group_bias.assign(data.group_count * data.item_count, 0.0);
  start.item_factors.resize(data.item_count * options.dimension);
  Map<RowMajor>(start.item_factors.data(), items, static_cast<Eigen::Index>(options.dimension)) =
      starting_factors(data, options, shares);
  start.attribute_effect.assign(options.dimension * data.attribute_size, 0.0);
  return start;
}

/// Moves what the likelihood cannot see to where the constraints want it; no penalty grows by it.
void apply_constraints(SoftmaxParameters& p, std::span<const double> group_shares) {
  for (std::size_t i = 0; i < p.items; ++i) {
    double shared = 0;
    for (std::size_t g = 0; g < p.groups; ++g) shared += group_shares[g] * p.group_bias[g * p.items + i];
    p.item_bias[i] += shared;
    for (std::size_t g = 0; g < p.groups; ++g) p.group_bias[g * p.items + i] -= shared;
  }
  const auto items = static_cast<Eigen::Index>(p.items);
  Map<VectorXd> bias(p.item_bias.data(), items);
  bias.array() -= bias.mean();
  Map<RowMajor> factors(p.item_factors.data(), items, static_cast<Eigen::Index>(p.dimension));
  factors.rowwise() -= factors.colwise().mean().eval();
}

/// B = argmax sum_u w_u log N(m_u; B x_u, 1) - ridge |B|^2 / 2.
void regress_effect(const WorldData& data, const std::vector<UserPosterior>& posteriors,
                    const SoftmaxFitOptions& options, SoftmaxParameters& p) {
  if (data.attribute_size == 0) return;
  const auto size = static_cast<Eigen::Index>(data.attribute_size);
  const auto dimension = static_cast<Eigen::Index>(p.dimension);
  MatrixXd gram = options.effect_ridge * MatrixXd::Identity(size, size);
  MatrixXd cross = MatrixXd::Zero(dimension, size);
  for (std::size_t u = 0; u < data.users.size(); ++u) {
    const Map<const VectorXd> x(data.users[u].x.data(), size);
    gram += data.users[u].weight * x * x.transpose();
    cross += data.users[u].weight * posteriors[u].mode * x.transpose();
  }
  Map<RowMajor>(p.attribute_effect.data(), dimension, size) = gram.ldlt().solve(cross.transpose()).transpose();
}

double penalised(const SoftmaxParameters& p, const WorldData& data, const std::vector<UserPosterior>& posteriors,
                 const SoftmaxFitOptions& options) {
  double sum = detail::effect_log_prior(p, options) +
               detail::log_prior(detail::to_flat(p), {p.items, p.groups, p.dimension}, data.group_shares(), options, {});
  for (std::size_t u = 0; u < data.users.size(); ++u) sum += data.users[u].weight * posteriors[u].log_evidence;
  return sum;
}

SoftmaxParameters maximise(const SoftmaxParameters& p, const WorldData& data,
                           const std::vector<UserPosterior>& posteriors, const SoftmaxFitOptions& options) {
  const detail::SoftmaxLayout layout{p.items, p.groups, p.dimension};
  std::vector<double> flat = detail::to_flat(p);
  detail::maximise_lbfgs(
      [&](std::span<const double> x, std::span<double> gradient) {
        return detail::expected_log_likelihood(data, posteriors, layout, options, x, gradient);
      },
      flat, k_climbing_steps);
  SoftmaxParameters next = p;
  detail::from_flat(flat, next);
  regress_effect(data, posteriors, options, next);
  return next;
}

void blend(std::vector<double>& next, const std::vector<double>& from) {
  for (std::size_t i = 0; i < next.size(); ++i) next[i] = 0.5 * (next[i] + from[i]);
}

void check(const WorldData& data, const SoftmaxFitOptions& options) {
  if (data.users.empty() || data.item_count < 2) {
    throw DataError(fmt::format("world of {} users and {} items", data.users.size(), data.item_count),
                    "a taste needs at least one user with likes and two items", "use more users, or another fold");
  }
  if (options.dimension == 0 || options.dimension >= data.item_count) {
    throw ConfigError(fmt::format("population.dimensions holds {}", options.dimension),
                      fmt::format("must be from 1 to below the {} items", data.item_count));
  }
}

}  // namespace

SoftmaxFit fit_softmax(const WorldData& data, const SoftmaxFitOptions& options, const SoftmaxParameters* start) {
  check(data, options);
  const std::vector<double> group_shares = data.group_shares();
  SoftmaxFit fit;
  fit.parameters = start != nullptr ? *start : starting_parameters(data, options);
  apply_constraints(fit.parameters, group_shares);
  std::vector<UserPosterior> posteriors = detail::laplace_all(fit.parameters, data);
  double value = penalised(fit.parameters, data, posteriors, options);
  fit.objective.push_back(value);
  const double enough = options.tolerance * data.like_weight();
  for (std::size_t iteration = 0; iteration < options.iterations; ++iteration) {
    SoftmaxParameters next = maximise(fit.parameters, data, posteriors, options);
    std::vector<UserPosterior> next_posteriors;
    double next_value = value;
    for (int halving = 0; halving <= k_step_halvings; ++halving) {
      SoftmaxParameters candidate = next;
      apply_constraints(candidate, group_shares);
      next_posteriors = detail::laplace_all(candidate, data, &posteriors);
      next_value = penalised(candidate, data, next_posteriors, options);
      if (next_value > value) {
        fit.parameters = std::move(candidate);
        break;
      }
      blend(next.item_bias, fit.parameters.item_bias);
      blend(next.group_bias, fit.parameters.group_bias);
      blend(next.item_factors, fit.parameters.item_factors);
      blend(next.attribute_effect, fit.parameters.attribute_effect);
    }
    if (!(next_value > value)) break;
    const double gain = next_value - value;
    value = next_value;
    posteriors = std::move(next_posteriors);
    fit.objective.push_back(value);
    if (gain < enough) break;
  }
  return fit;
}

double softmax_log_likelihood(const SoftmaxParameters& parameters, const WorldData& data) {
  const std::vector<UserPosterior> posteriors = detail::laplace_all(parameters, data);
  double sum = 0;
  for (std::size_t u = 0; u < data.users.size(); ++u) sum += data.users[u].weight * posteriors[u].log_evidence;
  return sum / data.like_weight();
}

}  // namespace coldframe
