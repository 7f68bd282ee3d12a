#include "framework/model/biased_gelu.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include "framework/model/kernels/bias_gelu.h"
#include "framework/model/kernels/tensor_rows.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

GeluShape shape_of(const at::Tensor& x) {
  return {static_cast<std::size_t>(x.size(0)), static_cast<std::size_t>(x.size(1))};
}

/// `bias` has no elements when there is none.
at::Tensor forward_into(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& slope) {
  const at::Tensor out = at::empty_like(x);
  with_element_type(x, [&]<class T>(T) {
    bias_gelu(elements<T>(x), bias.numel() == 0 ? nullptr : elements<float>(bias), shape_of(x),
              mutable_elements<T>(out), slope.defined() ? mutable_elements<T>(slope) : nullptr);
  });
  return out;
}

struct BiasedGelu : torch::autograd::Function<BiasedGelu> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& bias) {
    const at::Tensor slope = at::empty_like(x);
    context->save_for_backward({slope, bias});
    return forward_into(x, bias, slope);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor outward = gradients[0].contiguous();
    const at::Tensor dx = at::empty_like(outward);
    const bool bias_wanted = saved[1].numel() > 0 && context->needs_input_grad(1);
    const at::Tensor dbias = bias_wanted ? at::empty_like(saved[1]) : at::Tensor();
    with_element_type(outward, [&]<class T>(T) {
      bias_gelu_backward(elements<T>(outward), elements<T>(saved[0]), shape_of(outward), mutable_elements<T>(dx),
                         bias_wanted ? mutable_elements<float>(dbias) : nullptr);
    });
    return {dx, dbias};
  }
};

}  // namespace

at::Tensor biased_gelu(const at::Tensor& x, const at::Tensor& bias) {
  const at::Tensor rows = x.contiguous();
  const at::Tensor offset = bias.defined() ? bias : no_elements();
  const bool recorded = at::GradMode::is_enabled() && (rows.requires_grad() || offset.requires_grad());
  return recorded ? BiasedGelu::apply(rows, offset) : forward_into(rows, offset, {});
}

}  // namespace coldframe
