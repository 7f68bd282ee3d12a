#include "framework/model/packed_pooling.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using LayoutPointer = std::shared_ptr<const PackedLayout>;

constexpr double k_smallest_norm = 1e-12;

/// Of text n, its prompt left out.
std::int64_t tokens_of(const PackedLayout& layout, std::int64_t n) {
  const auto text = static_cast<std::size_t>(n);
  return layout.row_offsets[text + 1] - layout.row_offsets[text] - layout.prompt;
}

std::int64_t first_token(const PackedLayout& layout, std::int64_t n) {
  return layout.row_offsets[static_cast<std::size_t>(n)] + layout.prompt;
}

at::Tensor mean_forward(const PackedLayout& layout, const at::Tensor& x) {
  const std::int64_t width = x.size(1);
  at::Tensor out = at::empty({layout.texts(), width}, x.options());
  const float* in = x.const_data_ptr<float>();
  auto* mean = out.mutable_data_ptr<float>();
  std::vector<double> sum(static_cast<std::size_t>(width));
  for (std::int64_t n = 0; n < layout.texts(); ++n, mean += width) {
    const std::int64_t length = tokens_of(layout, n);
    in += layout.prompt * width;
    std::fill(sum.begin(), sum.end(), 0.0);
    for (std::int64_t i = 0; i < length; ++i, in += width) {
      for (std::int64_t c = 0; c < width; ++c) sum[static_cast<std::size_t>(c)] += in[c];
    }
    for (std::int64_t c = 0; c < width; ++c) {
      mean[c] = static_cast<float>(sum[static_cast<std::size_t>(c)] / static_cast<double>(length));
    }
  }
  return out;
}

at::Tensor mean_backward(const PackedLayout& layout, const at::Tensor& gradient) {
  const std::int64_t width = gradient.size(1);
  at::Tensor out = at::empty({layout.tokens(), width}, gradient.options());
  const float* in = gradient.const_data_ptr<float>();
  auto* rows = out.mutable_data_ptr<float>();
  for (std::int64_t n = 0; n < layout.texts(); ++n, in += width) {
    const std::int64_t length = tokens_of(layout, n);
    rows = std::fill_n(rows, layout.prompt * width, 0.0f);
    for (std::int64_t c = 0; c < width; ++c) rows[c] = in[c] / static_cast<float>(length);
    for (std::int64_t i = 1; i < length; ++i) std::copy_n(rows, width, rows + i * width);
    rows += length * width;
  }
  return out;
}

struct MeanPool : torch::autograd::Function<MeanPool> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const LayoutPointer& layout) {
    detail::save_object(*context, layout);
    return mean_forward(*layout, x.contiguous());
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {mean_backward(*detail::saved_object<LayoutPointer>(*context), gradients[0].contiguous()), at::Tensor()};
  }
};

struct ClsPool : torch::autograd::Function<ClsPool> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const LayoutPointer& layout) {
    detail::save_object(*context, layout);
    at::Tensor out = at::empty({layout->texts(), x.size(1)}, x.options());
    for (std::int64_t n = 0; n < layout->texts(); ++n) {
      out.select(0, n).copy_(x.select(0, first_token(*layout, n)));
    }
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const PackedLayout& layout = *detail::saved_object<LayoutPointer>(*context);
    at::Tensor out = at::zeros({layout.tokens(), gradients[0].size(1)}, gradients[0].options());
    for (std::int64_t n = 0; n < layout.texts(); ++n) {
      out.select(0, first_token(layout, n)).copy_(gradients[0].select(0, n));
    }
    return {out, at::Tensor()};
  }
};

double dot(const float* a, const float* b, std::int64_t width) {
  double sum = 0;
  for (std::int64_t c = 0; c < width; ++c) sum += double{a[c]} * double{b[c]};
  return sum;
}

/// y = x / m, m = max(|x|, epsilon); dx = (g - y (y . g)) / m, without the second term where epsilon decides.
struct NormalizeRows : torch::autograd::Function<NormalizeRows> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x) {
    const at::Tensor rows = x.contiguous();
    context->save_for_backward({rows});
    at::Tensor out = at::empty_like(rows);
    const std::int64_t width = rows.size(1);
    const float* in = rows.const_data_ptr<float>();
    auto* unit = out.mutable_data_ptr<float>();
    for (std::int64_t n = 0; n < rows.size(0); ++n, in += width, unit += width) {
      const double length = std::max(std::sqrt(dot(in, in, width)), k_smallest_norm);
      for (std::int64_t c = 0; c < width; ++c) unit[c] = static_cast<float>(in[c] / length);
    }
    return out;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor rows = context->get_saved_variables()[0];
    const at::Tensor gradient = gradients[0].contiguous();
    at::Tensor out = at::empty_like(rows);
    const std::int64_t width = rows.size(1);
    const float* x = rows.const_data_ptr<float>();
    const float* g = gradient.const_data_ptr<float>();
    auto* dx = out.mutable_data_ptr<float>();
    for (std::int64_t n = 0; n < rows.size(0); ++n, x += width, g += width, dx += width) {
      const double norm = std::sqrt(dot(x, x, width));
      const double length = std::max(norm, k_smallest_norm);
      const double along = norm > k_smallest_norm ? dot(x, g, width) / (length * length) : 0.0;
      for (std::int64_t c = 0; c < width; ++c) dx[c] = static_cast<float>((g[c] - x[c] * along) / length);
    }
    return {out};
  }
};

}  // namespace

at::Tensor mean_pool(const at::Tensor& x, LayoutPointer layout) { return MeanPool::apply(x, layout); }

at::Tensor cls_pool(const at::Tensor& x, LayoutPointer layout) { return ClsPool::apply(x, layout); }

at::Tensor normalize_rows(const at::Tensor& x) { return NormalizeRows::apply(x); }

}  // namespace coldframe
