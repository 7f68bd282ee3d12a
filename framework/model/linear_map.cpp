#include "framework/model/linear_map.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>

#include <memory>

#include "framework/model/gradient_memory.h"
#include "framework/model/kernels/add_scaled.h"
#include "framework/model/kernels/tensor_rows.h"
#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// One product and where its weight comes from.
struct Product {
  ParameterIndex weight;
  std::shared_ptr<GradientMemory> memory;  // null: gradients go through autograd
  double scale;

  /// The gradient of the weight, or nothing when it went to memory.
  at::Tensor weight_gradient(const at::Tensor& outward, const at::Tensor& x) const {
    if (memory == nullptr || (*memory)[static_cast<std::size_t>(weight)].to == nullptr) {
      return at::mm(outward.t(), x).to(at::kFloat).mul_(scale);
    }
    GradientTarget& target = (*memory)[static_cast<std::size_t>(weight)];
    if (x.scalar_type() == at::kFloat) {
      put_fp32(outward, x, target);
    } else {
      put_bf16(at::mm(outward.t(), x), target);
    }
    if (target.putting == Putting::write) target.putting = Putting::add;
    return {};
  }

  void put_fp32(const at::Tensor& outward, const at::Tensor& x, const GradientTarget& target) const {
    at::Tensor sum = at::from_blob(target.to, {outward.size(1), x.size(1)}, x.options());
    if (target.putting == Putting::finish) {
      at::Tensor gradient = at::empty(sum.sizes(), x.options());
      at::addmm_out(gradient, gradient, outward.t(), x, 0, scale);
      add_scaled(elements<float>(gradient), static_cast<std::size_t>(gradient.numel()), 1, target.to);
    } else {
      at::addmm_out(sum, sum, outward.t(), x, target.putting == Putting::write ? 0 : 1, scale);
    }
  }

  void put_bf16(const at::Tensor& gradient, const GradientTarget& target) const {
    const auto size = static_cast<std::size_t>(gradient.numel());
    if (target.putting == Putting::write) {
      write_scaled(elements<Bf16>(gradient), size, static_cast<float>(scale), target.to);
    } else {
      add_scaled(elements<Bf16>(gradient), size, static_cast<float>(scale), target.to);
    }
  }
};

/// y = base + scale x W^T, base a bias [out], the rows [T, out] of another map, or nothing (no elements). `used` is the
/// weight as it is multiplied, `weight` the parameter, which takes part only as the one who wants the gradient.
struct ProductFunction : torch::autograd::Function<ProductFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& used, const at::Tensor& base, const Product& product) {
    if (product.memory != nullptr) product.memory->count_use(static_cast<std::size_t>(product.weight));
    // A frozen weight needs no x: most of what LoRA would keep.
    context->save_for_backward({weight.requires_grad() ? x : no_elements(), used});
    context->saved_data["base_dimensions"] = base.numel() == 0 ? 0 : base.dim();
    detail::save_object(*context, product);
    if (base.numel() == 0) return at::mm(x, used.t());
    return at::addmm(base.to(x.scalar_type()), x, used.t(), 1, product.scale);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& product = detail::saved_object<Product>(*context);
    const variable_list saved = context->get_saved_variables();
    const at::Tensor outward = gradients[0].contiguous();
    at::Tensor dx, dweight, dbase;
    if (context->needs_input_grad(0)) {
      dx = at::mm(outward, saved[1]);
      if (product.scale != 1) dx.mul_(product.scale);
    }
    if (context->needs_input_grad(1)) dweight = product.weight_gradient(outward, saved[0]);
    if (context->needs_input_grad(3)) {
      dbase = context->saved_data["base_dimensions"].toInt() == 1 ? at::sum(outward, {0}, false, at::kFloat) : outward;
    }
    return {dx, dweight, at::Tensor(), dbase, at::Tensor()};
  }
};

at::Tensor product(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight, const at::Tensor& base,
                   double scale) {
  const at::Tensor& leaf = parameters[weight];
  const at::Tensor& used = x.scalar_type() == at::kBFloat16 ? parameters.rounded(weight) : leaf;
  return ProductFunction::apply(x, leaf, used.detach(), base, Product{weight, parameters.gradient_memory(), scale});
}

}  // namespace

at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight) {
  return product(parameters, x, weight, no_elements(), 1);
}

at::Tensor linear_map(const ParameterView& parameters, const at::Tensor& x, ParameterIndex weight,
                      ParameterIndex bias) {
  return product(parameters, x, weight, parameters[bias], 1);
}

at::Tensor add_linear_map(const ParameterView& parameters, const at::Tensor& y, const at::Tensor& x,
                          ParameterIndex weight, double scale) {
  return product(parameters, x, weight, y, scale);
}

}  // namespace coldframe
