#include "framework/model/orthogonality.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include <cmath>

namespace coldframe {

double add_orthogonality(const at::Tensor& rows, double weight, PenaltyForm form, std::span<float> gradient) {
  const at::Tensor exact = rows.to(at::kDouble);
  const at::Tensor rest = at::mm(exact, exact.t()) - at::eye(rows.size(0), exact.options());
  const double squared = rest.square().sum().item<double>();
  const double norm = std::sqrt(squared);
  // d |M|^2 = 4 M rows and d |M| = 2 M rows / |M|, M = rows rows^T - I being symmetric.
  const double factor = form == PenaltyForm::squared ? 4 * weight : norm > 0 ? 2 * weight / norm : 0.0;
  const at::Tensor added = at::mm(rest, exact) * factor;
  at::Tensor sum = at::from_blob(gradient.data(), rows.sizes(), rows.strides(), at::kFloat);
  sum.copy_(sum.to(at::kDouble) + added);
  return weight * (form == PenaltyForm::squared ? squared : norm);
}

}  // namespace coldframe
