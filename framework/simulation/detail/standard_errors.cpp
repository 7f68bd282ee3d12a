#include "framework/simulation/detail/standard_errors.h"

#include <Eigen/Dense>
#include <cmath>

namespace coldframe::detail {
namespace {

using Eigen::Map;
using Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

SoftmaxParameters rotated_onto(const SoftmaxParameters& target, SoftmaxParameters p) {
  const auto items = static_cast<Eigen::Index>(p.items);
  const auto dimension = static_cast<Eigen::Index>(p.dimension);
  const Map<const RowMajor> wanted(target.item_factors.data(), items, dimension);
  Map<RowMajor> factors(p.item_factors.data(), items, dimension);
  Map<RowMajor> effect(p.attribute_effect.data(), dimension, static_cast<Eigen::Index>(p.attribute_size));
  const Eigen::JacobiSVD<MatrixXd> svd(factors.transpose() * wanted, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const MatrixXd rotation = svd.matrixU() * svd.matrixV().transpose();
  factors = (factors * rotation).eval();
  effect = (rotation.transpose() * effect).eval();
  return p;
}

void add_squares(std::vector<double>& sum, const std::vector<double>& value, const std::vector<double>& center) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += (value[i] - center[i]) * (value[i] - center[i]);
}

void to_errors(std::vector<double>& sum, double refits) {
  for (double& value : sum) value = std::sqrt(value / refits);
}

}  // namespace

std::vector<SoftmaxParameters> softmax_standard_errors(const std::vector<World>& worlds) {
  const SoftmaxParameters* fit = nullptr;
  SoftmaxParameters errors;
  double refits = 0;
  for (const World& world : worlds) {
    const auto* parameters = std::get_if<SoftmaxParameters>(&world.parameters);
    if (parameters == nullptr) continue;
    if (world.replicate == 0) {
      fit = parameters;
      errors = *parameters;
      for (auto* part : {&errors.item_bias, &errors.group_bias, &errors.item_factors, &errors.attribute_effect}) {
        part->assign(part->size(), 0.0);
      }
      continue;
    }
    const SoftmaxParameters refit = rotated_onto(*fit, *parameters);
    add_squares(errors.item_bias, refit.item_bias, fit->item_bias);
    add_squares(errors.group_bias, refit.group_bias, fit->group_bias);
    add_squares(errors.item_factors, refit.item_factors, fit->item_factors);
    add_squares(errors.attribute_effect, refit.attribute_effect, fit->attribute_effect);
    refits += 1;
  }
  if (refits < 2) return {};
  for (auto* part : {&errors.item_bias, &errors.group_bias, &errors.item_factors, &errors.attribute_effect}) {
    to_errors(*part, refits);
  }
  return {errors};
}

}  // namespace coldframe::detail
