#include "framework/model/prompt_rows.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using LayoutPointer = std::shared_ptr<const PackedLayout>;

/// Calls work(first element of the text among all rows, elements of its tokens).
template <class Work>
void for_each_text(const PackedLayout& layout, std::int64_t width, const Work& work) {
  for (std::size_t n = 0; n < layout.view_keys.size(); ++n) {
    const std::int64_t rows = layout.row_offsets[n + 1] - layout.row_offsets[n] - layout.prompt;
    work(layout.row_offsets[n] * width, rows * width);
  }
}

struct WithPrompt : torch::autograd::Function<WithPrompt> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& prompt, const at::Tensor& rows,
                            const LayoutPointer& layout) {
    detail::save_object(*context, layout);
    const std::int64_t width = rows.size(1), prompt_size = prompt.numel();
    at::Tensor out = at::empty({layout->tokens(), width}, rows.options());
    auto* to = out.mutable_data_ptr<float>();
    const auto* from = rows.const_data_ptr<float>();
    for_each_text(*layout, width, [&](std::int64_t /*first*/, std::int64_t size) {
      to = std::copy_n(prompt.const_data_ptr<float>(), prompt_size, to);
      to = std::copy_n(from, size, to);
      from += size;
    });
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const PackedLayout& layout = *detail::saved_object<LayoutPointer>(*context);
    const at::Tensor outward = gradients[0].contiguous();
    const std::int64_t width = outward.size(1), prompt_size = layout.prompt * width;
    at::Tensor dprompt = at::empty({layout.prompt, width}, outward.options());
    at::Tensor drows = at::empty({layout.tokens() - layout.texts() * layout.prompt, width}, outward.options());
    std::vector<double> sums(static_cast<std::size_t>(prompt_size), 0.0);
    auto* rows = drows.mutable_data_ptr<float>();
    for_each_text(layout, width, [&](std::int64_t first, std::int64_t size) {
      const float* from = outward.const_data_ptr<float>() + first;
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += from[i];
      rows = std::copy_n(from + prompt_size, size, rows);
    });
    std::transform(sums.begin(), sums.end(), dprompt.mutable_data_ptr<float>(),
                   [](double sum) { return static_cast<float>(sum); });
    return {dprompt, drows, at::Tensor()};
  }
};

}  // namespace

at::Tensor with_prompt(const at::Tensor& prompt, const at::Tensor& rows, LayoutPointer layout) {
  CF_EXPECTS(prompt.dim() == 2 && prompt.size(0) == layout->prompt && prompt.size(1) == rows.size(1));
  CF_EXPECTS(rows.size(0) == layout->tokens() - layout->texts() * layout->prompt);
  return WithPrompt::apply(prompt.contiguous(), rows.contiguous(), layout);
}

}  // namespace coldframe
