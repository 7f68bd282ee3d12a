#include "framework/simulation/softmax_world.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/evaluation/lbfgs.h"
#include "framework/simulation/detail/softmax_objective.h"

namespace coldframe {
namespace {

using detail::UserPosterior;
using Eigen::Map;
using Eigen::MatrixXd;
using Eigen::VectorXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr int k_power_steps = 8;
constexpr double k_start_spread = 0.5;  // standard deviation of a starting factor over likes

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
    const MatrixXd basis =
        Eigen::HouseholderQR<MatrixXd>(directions).householderQ() * MatrixXd::Identity(items, dimension);
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
  SoftmaxFit fit;
  fit.parameters = start != nullptr ? *start : starting_parameters(data, options);
  std::vector<UserPosterior> posteriors = detail::laplace_all(fit.parameters, data);
  std::vector<double> flat = detail::to_flat(fit.parameters);
  fit.objective = maximise_lbfgs(
      [&](std::span<const double> x, std::span<double> gradient) {
        return detail::laplace_objective(data, fit.parameters, options, posteriors, x, gradient);
      },
      flat, {options.iterations, options.tolerance * data.like_weight()});
  detail::from_flat(flat, fit.parameters);
  apply_constraints(fit.parameters, data.group_shares());
  return fit;
}

double softmax_log_likelihood(const SoftmaxParameters& parameters, const WorldData& data) {
  const std::vector<UserPosterior> posteriors = detail::laplace_all(parameters, data);
  double sum = 0;
  for (std::size_t u = 0; u < data.users.size(); ++u) sum += data.users[u].weight * posteriors[u].log_evidence;
  return sum / data.like_weight();
}

}  // namespace coldframe
