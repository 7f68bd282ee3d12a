#include "framework/model/packed_attention.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/model/kernels/attention.h"
#include "framework/model/kernels/tensor_rows.h"
#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::uint64_t k_prefix_site = 1;

struct Masks {
  MaskKey text;
  MaskKey prefix;
};

struct Attention {
  std::shared_ptr<const PackedLayout> layout;
  std::int64_t heads;
  std::int64_t mask_stride;
  std::optional<Masks> masks;
};

/// One head of one text within tensors of T rows.
struct Place {
  std::size_t text;
  std::int64_t head;
  std::int64_t first_element;  // of the head in the text's first row
  std::int64_t length;
  std::int64_t head_width;
};

template <class Work>
void for_each_head(const Attention& attention, std::int64_t width, const Work& work) {
  const PackedLayout& layout = *attention.layout;
  const std::int64_t head_width = width / attention.heads;
  for (std::size_t n = 0; n < layout.view_keys.size(); ++n) {
    const std::int64_t begin = layout.row_offsets[n], length = layout.row_offsets[n + 1] - begin;
    for (std::int64_t head = 0; head < attention.heads; ++head) {
      work(Place{n, head, begin * width + head * head_width, length, head_width});
    }
  }
}

/// As large as x, padding rows zero: they take part in the products that follow.
at::Tensor rows_like(const Attention& attention, const at::Tensor& x) {
  at::Tensor rows = at::empty_like(x);
  const std::int64_t tokens = attention.layout->tokens();
  rows.narrow(0, tokens, x.size(0) - tokens).zero_();
  return rows;
}

template <class T>
HeadRows<T> rows_at(T* values, const Place& place, std::int64_t width) {
  return {values + place.first_element, static_cast<std::size_t>(width)};
}

/// Operands of the autograd function; bias and prefix without elements when there is none.
struct Operands {
  at::Tensor q, k, v, bias, prefix_keys, prefix_values;

  explicit Operands(const variable_list& tensors)
      : q(tensors[0]),
        k(tensors[1]),
        v(tensors[2]),
        bias(tensors[3]),
        prefix_keys(tensors[4]),
        prefix_values(tensors[5]) {}

  std::int64_t width() const { return q.size(1); }
  std::int64_t prefix_length() const { return prefix_keys.numel() / width(); }
  std::int64_t reach() const { return bias.numel() == 0 ? 0 : (bias.size(1) + 1) / 2; }
};

/// Rows of one head in a tensor [P, D] that all texts share; null when it has none.
template <class T>
HeadRows<T> shared_rows(T* values, const Place& place, std::int64_t width) {
  return {values == nullptr ? nullptr : values + place.head * place.head_width, static_cast<std::size_t>(width)};
}

std::uint32_t mask_block(const Place& place, std::int64_t stride) {
  return static_cast<std::uint32_t>(place.head * stride / 4);
}

AttentionPrefix prefix_at(const Attention& attention, const Place& place, const Operands& operands,
                          const MaskRow& first_row) {
  AttentionPrefix prefix;
  prefix.length = static_cast<std::size_t>(operands.prefix_length());
  if (prefix.length == 0) return prefix;
  prefix.k = shared_rows(elements<float>(operands.prefix_keys), place, operands.width());
  prefix.v = shared_rows(elements<float>(operands.prefix_values), place, operands.width());
  if (attention.masks) prefix.mask = &attention.masks->prefix;
  prefix.first_row = first_row;
  prefix.first_row.first_block = mask_block(place, (operands.prefix_length() + 3) / 4 * 4);
  return prefix;
}

template <class T>
AttentionHead<T> head_at(const Attention& attention, const Place& place, const Operands& operands) {
  const std::int64_t width = operands.width();
  AttentionHead<T> head;
  head.q = rows_at(elements<T>(operands.q), place, width);
  head.k = rows_at(elements<T>(operands.k), place, width);
  head.v = rows_at(elements<T>(operands.v), place, width);
  head.length = static_cast<std::size_t>(place.length);
  head.width = static_cast<std::size_t>(place.head_width);
  head.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(place.head_width)));
  if (attention.masks) head.mask = &attention.masks->text;
  head.first_row = attention.layout->token_rows[static_cast<std::size_t>(place.first_element / width)];
  head.first_row.first_block = mask_block(place, attention.mask_stride);
  if (const std::int64_t reach = operands.reach(); reach > 0) {
    CF_ASSERT(place.length <= reach);
    head.bias = elements<float>(operands.bias) + place.head * (2 * reach - 1) + reach - 1;
  }
  head.prefix = prefix_at(attention, place, operands, head.first_row);
  return head;
}

/// Gradient of the bias: each text is summed alone in float32, texts are added up in double.
class BiasSums {
 public:
  BiasSums(std::int64_t heads, std::int64_t reach)
      : heads_(heads),
        reach_(reach),
        text_(static_cast<std::size_t>(2 * reach - 1)),
        sums_(static_cast<std::size_t>(heads * (2 * reach - 1)), 0.0) {}

  /// Where the next head of a text adds its own, at distance 0.
  float* begin() {
    std::fill(text_.begin(), text_.end(), 0.0f);
    return text_.data() + reach_ - 1;
  }
  void end(std::int64_t head) {
    double* sums = sums_.data() + static_cast<std::size_t>(head) * text_.size();
    for (std::size_t i = 0; i < text_.size(); ++i) sums[i] += text_[i];
  }
  at::Tensor tensor() const {
    const at::Tensor total = at::empty({heads_, 2 * reach_ - 1}, at::TensorOptions().dtype(at::kFloat));
    std::transform(sums_.begin(), sums_.end(), mutable_elements<float>(total),
                   [](double sum) { return static_cast<float>(sum); });
    return total;
  }

 private:
  std::int64_t heads_;
  std::int64_t reach_;
  std::vector<float> text_;
  std::vector<double> sums_;
};

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const at::Tensor& bias, const at::Tensor& prefix_keys, const at::Tensor& prefix_values,
                            const Attention& attention) {
    const variable_list tensors = {q, k, v, bias, prefix_keys, prefix_values};
    context->save_for_backward(tensors);
    detail::save_object(*context, attention);
    const at::Tensor out = rows_like(attention, q);
    const Operands operands(tensors);
    with_element_type(q, [&]<class T>(T) {
      for_each_head(attention, q.size(1), [&](const Place& place) {
        attend(head_at<T>(attention, place, operands), rows_at(mutable_elements<T>(out), place, q.size(1)));
      });
    });
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& attention = detail::saved_object<Attention>(*context);
    const Operands operands(context->get_saved_variables());
    const at::Tensor outward = gradients[0].contiguous();
    const at::Tensor dq = rows_like(attention, operands.q), dk = rows_like(attention, operands.k),
                     dv = rows_like(attention, operands.v);
    const auto shared = [&](std::size_t input, const at::Tensor& x) {
      return x.numel() > 0 && context->needs_input_grad(input) ? at::zeros_like(x) : at::Tensor();
    };
    const at::Tensor dprefix_keys = shared(4, operands.prefix_keys), dprefix_values = shared(5, operands.prefix_values);
    std::optional<BiasSums> bias;
    if (operands.reach() > 0 && context->needs_input_grad(3)) bias.emplace(attention.heads, operands.reach());
    const auto elements_of = [](const at::Tensor& x) { return x.defined() ? mutable_elements<float>(x) : nullptr; };
    const std::int64_t width = outward.size(1);
    with_element_type(outward, [&]<class T>(T) {
      for_each_head(attention, width, [&](const Place& place) {
        AttentionGradient<T> gradient;
        gradient.q = rows_at(mutable_elements<T>(dq), place, width);
        gradient.k = rows_at(mutable_elements<T>(dk), place, width);
        gradient.v = rows_at(mutable_elements<T>(dv), place, width);
        gradient.prefix_k = shared_rows(elements_of(dprefix_keys), place, width);
        gradient.prefix_v = shared_rows(elements_of(dprefix_values), place, width);
        if (bias) gradient.bias = bias->begin();
        attend_backward(head_at<T>(attention, place, operands), rows_at(elements<T>(outward), place, width), gradient);
        if (bias) bias->end(place.head);
      });
    });
    return {dq, dk, dv, bias ? bias->tensor() : at::Tensor(), dprefix_keys, dprefix_values, at::Tensor()};
  }
};

at::Tensor or_nothing(const at::Tensor& x) { return x.defined() ? x.contiguous() : no_elements(); }

}  // namespace

at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::shared_ptr<const PackedLayout> layout, const AttentionSetup& setup,
                            const AttentionExtras& extras) {
  CF_EXPECTS(q.size(0) == layout->rows() && q.size(1) % setup.heads == 0);
  CF_EXPECTS(setup.mask_stride % 4 == 0);
  CF_EXPECTS(extras.prefix_keys.defined() == extras.prefix_values.defined());
  Attention attention{std::move(layout), setup.heads, setup.mask_stride, std::nullopt};
  if (setup.dropout.active && setup.probabilities.rate > 0) {
    const DropoutSite& site = setup.probabilities;
    attention.masks = Masks{MaskKey(setup.dropout, site.id, site.rate),
                            MaskKey(setup.dropout, combine_hash(site.id, k_prefix_site), site.rate)};
  }
  return PackedAttention::apply(q.contiguous(), k.contiguous(), v.contiguous(), or_nothing(extras.bias),
                                or_nothing(extras.prefix_keys), or_nothing(extras.prefix_values), attention);
}

}  // namespace coldframe
