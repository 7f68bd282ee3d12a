#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>

#include "tests/model/golden.h"

namespace coldframe::test {

/// Compares the autograd gradient of sum(c * function(x)) with central differences in float32, element by element. The
/// sum is formed in double, so with steps of 1/64 the error is about 1e-7 * 64 plus a third derivative / 4096.
inline void expect_gradient(const std::function<at::Tensor(const at::Tensor&)>& function, const at::Tensor& x,
                            double tolerance = 2e-3) {
  at::Tensor leaf = x.clone().requires_grad_();
  const at::Tensor out = function(leaf);
  const at::Tensor weights = golden_uniform("gradient check", out.sizes());
  const at::Tensor gradient = torch::autograd::grad({out}, {leaf}, {weights})[0].contiguous();
  const auto loss = [&](const at::Tensor& at_x) {
    return (function(at_x).to(at::kDouble) * weights.to(at::kDouble)).sum().item<double>();
  };
  constexpr float step = 1.0f / 64;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    at::Tensor up = x.clone();
    at::Tensor down = x.clone();
    up.mutable_data_ptr<float>()[i] += step;
    down.mutable_data_ptr<float>()[i] -= step;
    const double slope = (loss(up) - loss(down)) / (2.0 * step);
    EXPECT_NEAR(gradient.const_data_ptr<float>()[i], slope, tolerance) << "element " << i;
  }
}

}  // namespace coldframe::test
