#include "framework/model/kronecker_map.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/mm.h>

namespace coldframe {

at::Tensor kronecker_matrix(const at::Tensor& rule, const at::Tensor& left, const at::Tensor& right) {
  const std::int64_t n = rule.size(0), in = left.size(1), out = right.size(2);
  const at::Tensor blocks = at::bmm(left, right).reshape({n, in * out});
  // [row of C, column of C, row of the block, column of the block]
  const at::Tensor products = at::mm(rule.reshape({n, n * n}).t(), blocks).reshape({n, n, in, out});
  return products.permute({0, 2, 1, 3}).reshape({n * in, n * out});
}

at::Tensor kronecker_map(const ParameterView& parameters, const at::Tensor& x, const KroneckerParameters& factors,
                         ParameterIndex bias) {
  const at::Tensor matrix =
      kronecker_matrix(parameters[factors.rule], parameters[factors.left], parameters[factors.right]);
  return at::addmm(parameters[bias].to(x.scalar_type()), x, matrix.to(x.scalar_type()));
}

}  // namespace coldframe
