#include "framework/model/residual_norm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>

#include <optional>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/kernels/add_norm.h"
#include "framework/model/kernels/tensor_rows.h"
#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct RowMask {
  std::shared_ptr<const PackedLayout> layout;
  MaskKey key;
};

struct NormWork {
  double epsilon;
  std::optional<RowMask> mask;
  bool recorded;  // whether backward may be called
  bool with_bias = false;
  bool with_residual = false;
};

at::Tensor or_nothing(const at::Tensor& x) { return x.defined() ? x : no_elements(); }

template <class T>
const T* elements_or_null(const at::Tensor& x) {
  return x.numel() == 0 ? nullptr : elements<T>(x);
}

/// What backward needs of a task.
template <class T>
AddNorm<T> backward_task(const NormWork& work, const at::Tensor& rows, const at::Tensor& gain) {
  AddNorm<T> task;
  if (work.mask) {
    task.mask = &work.mask->key;
    task.mask_rows = work.mask->layout->token_rows;
  }
  task.gain = elements<float>(gain);
  task.rows = static_cast<std::size_t>(rows.size(0));
  task.width = static_cast<std::size_t>(rows.size(1));
  task.epsilon = static_cast<float>(work.epsilon);
  return task;
}

template <class T>
AddNorm<T> task_of(const NormWork& work, const at::Tensor& f, const at::Tensor& bias, const at::Tensor& h,
                   const at::Tensor& gain, const at::Tensor& shift) {
  AddNorm<T> task = backward_task<T>(work, f, gain);
  task.branch = elements<T>(f);
  task.bias = elements_or_null<float>(bias);
  task.residual = elements_or_null<T>(h);
  task.shift = elements<float>(shift);
  return task;
}

/// [D] float32 when somebody asks for it, else undefined.
at::Tensor column_gradient(AutogradContext& context, std::size_t input, const at::Tensor& gain) {
  return context.needs_input_grad(input) ? at::empty_like(gain) : at::Tensor();
}

float* mutable_or_null(const at::Tensor& x) { return x.defined() ? mutable_elements<float>(x) : nullptr; }

struct ResidualNorm : torch::autograd::Function<ResidualNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& f, const at::Tensor& bias, const at::Tensor& h,
                            const at::Tensor& gain, const at::Tensor& shift, const NormWork& work) {
    const at::Tensor out = at::empty_like(f);
    const at::Tensor normalized = work.recorded ? at::empty_like(f) : at::Tensor();
    const at::Tensor inverse = work.recorded ? at::empty({f.size(0)}, gain.options()) : at::Tensor();
    with_element_type(f, [&]<class T>(T) {
      AddNormOutput<T> output;
      output.out = mutable_elements<T>(out);
      if (work.recorded) output.normalized = mutable_elements<T>(normalized);
      output.inverse_deviation = mutable_or_null(inverse);
      add_norm(task_of<T>(work, f, bias, h, gain, shift), output);
    });
    if (work.recorded) context->save_for_backward({gain, normalized, inverse});
    detail::save_object(*context, work);
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& work = detail::saved_object<NormWork>(*context);
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &gain = saved[0], &normalized = saved[1], &inverse = saved[2];
    const at::Tensor outward = gradients[0].contiguous();
    const at::Tensor df = at::empty_like(outward);
    // Without a mask both branches of the sum get the same gradient.
    const bool apart = work.mask && work.with_residual && context->needs_input_grad(2);
    const at::Tensor dh = apart ? at::empty_like(outward) : df;
    const at::Tensor dbias = work.with_bias ? column_gradient(*context, 1, gain) : at::Tensor();
    const at::Tensor dgain = column_gradient(*context, 3, gain);
    const at::Tensor dshift = column_gradient(*context, 4, gain);
    with_element_type(outward, [&]<class T>(T) {
      AddNormGradient<T> gradient;
      gradient.branch = mutable_elements<T>(df);
      if (apart) gradient.sum = mutable_elements<T>(dh);
      gradient.bias = mutable_or_null(dbias);
      gradient.gain = mutable_or_null(dgain);
      gradient.shift = mutable_or_null(dshift);
      AddNormOutput<const T> kept;
      kept.normalized = elements<T>(normalized);
      kept.inverse_deviation = const_cast<float*>(elements<float>(inverse));
      add_norm_backward(backward_task<T>(work, outward, gain), kept, elements<T>(outward), gradient);
    });
    return {df, dbias, work.with_residual ? dh : at::Tensor(), dgain, dshift, at::Tensor()};
  }
};

bool any_recorded(std::initializer_list<at::Tensor> operands) {
  if (!at::GradMode::is_enabled()) return false;
  for (const at::Tensor& operand : operands) {
    if (operand.requires_grad()) return true;
  }
  return false;
}

at::Tensor apply_norm(const at::Tensor& f, const at::Tensor& bias, const at::Tensor& h, const at::Tensor& gain,
                      const at::Tensor& shift, NormWork work) {
  work.recorded = any_recorded({f, bias, h, gain, shift});
  work.with_bias = bias.numel() > 0;
  work.with_residual = h.numel() > 0;
  return ResidualNorm::apply(f, bias, h, gain, shift, work);
}

}  // namespace

at::Tensor residual_norm(const at::Tensor& f, const at::Tensor& bias, const at::Tensor& h, const at::Tensor& gain,
                         const at::Tensor& shift, const ResidualNormSetup& setup) {
  CF_EXPECTS(f.dim() == 2 && f.size(0) == setup.layout->rows());
  NormWork work{setup.epsilon, std::nullopt, false};
  if (setup.dropout.active && setup.site.rate > 0) {
    work.mask = RowMask{setup.layout, MaskKey(setup.dropout, setup.site.id, setup.site.rate)};
  }
  return apply_norm(f.contiguous(), or_nothing(bias), or_nothing(h).contiguous(), gain, shift, std::move(work));
}

at::Tensor row_norm(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& shift, double epsilon) {
  return apply_norm(x.contiguous(), no_elements(), no_elements(), gain, shift, {epsilon, std::nullopt, false});
}

}  // namespace coldframe
