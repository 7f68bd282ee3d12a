#include "framework/model/linear_map.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <torch/csrc/autograd/custom_function.h>

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor weight_gradient(const at::Tensor& outward, const at::Tensor& x) {
  return at::mm(outward.t(), x).to(at::kFloat);
}

/// x W^T from the rounded weight; `weight` takes part only as the one who wants the gradient.
struct RoundedProduct : torch::autograd::Function<RoundedProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& /*weight*/,
                            const at::Tensor& rounded) {
    context->save_for_backward({x, rounded});
    return at::mm(x, rounded.t());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor outward = gradients[0].contiguous();
    return {context->needs_input_grad(0) ? at::mm(outward, saved[1]) : at::Tensor(),
            context->needs_input_grad(1) ? weight_gradient(outward, saved[0]) : at::Tensor(), at::Tensor()};
  }
};

struct RoundedLinear : torch::autograd::Function<RoundedLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& /*weight*/,
                            const at::Tensor& rounded, const at::Tensor& bias) {
    context->save_for_backward({x, rounded});
    return at::addmm(bias.to(at::kBFloat16), x, rounded.t());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor outward = gradients[0].contiguous();
    return {context->needs_input_grad(0) ? at::mm(outward, saved[1]) : at::Tensor(),
            context->needs_input_grad(1) ? weight_gradient(outward, saved[0]) : at::Tensor(), at::Tensor(),
            context->needs_input_grad(3) ? at::sum(outward, {0}, false, at::kFloat) : at::Tensor()};
  }
};

struct AddRoundedProduct : torch::autograd::Function<AddRoundedProduct> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& x,
                            const at::Tensor& /*weight*/, const at::Tensor& rounded, double scale) {
    context->save_for_backward({x, rounded});
    context->saved_data["scale"] = scale;
    return at::addmm(y, x, rounded.t(), 1, scale);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const double scale = context->saved_data["scale"].toDouble();
    const at::Tensor outward = gradients[0].contiguous();
    return {outward, context->needs_input_grad(1) ? at::mm(outward, saved[1]).mul_(scale) : at::Tensor(),
            context->needs_input_grad(2) ? weight_gradient(outward, saved[0]).mul_(scale) : at::Tensor(), at::Tensor(),
            at::Tensor()};
  }
};

bool is_rounded(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16; }

}  // namespace

at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight) {
  if (is_rounded(x)) return RoundedProduct::apply(x, parameters[weight], parameters.rounded(weight));
  return at::mm(x, parameters[weight].t());
}

at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight,
                      ParameterIndex bias) {
  if (is_rounded(x)) {
    return RoundedLinear::apply(x, parameters[weight], parameters.rounded(weight), parameters[bias]);
  }
  return at::addmm(parameters[bias], x, parameters[weight].t());
}

at::Tensor add_linear_map(const ParameterView& parameters, const at::Tensor& y, const at::Tensor& x,
                          ParameterIndex weight, double scale) {
  if (is_rounded(x)) {
    return AddRoundedProduct::apply(y, x, parameters[weight], parameters.rounded(weight), scale);
  }
  return at::addmm(y, x, parameters[weight].t(), 1, scale);
}

}  // namespace coldframe
