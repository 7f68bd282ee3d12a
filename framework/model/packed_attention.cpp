#include "framework/model/packed_attention.h"

#include <ATen/ops/empty_like.h>

#include <cmath>
#include <optional>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/kernels/attention.h"
#include "framework/model/kernels/tensor_rows.h"
#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Attention {
  std::shared_ptr<const PackedLayout> layout;
  std::int64_t heads;
  std::int64_t mask_stride;
  std::optional<MaskKey> mask;
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

template <class T>
AttentionHead<T> head_at(const Attention& attention, const Place& place, const at::Tensor& q, const at::Tensor& k,
                         const at::Tensor& v) {
  const std::int64_t width = q.size(1);
  AttentionHead<T> head;
  head.q = rows_at(elements<T>(q), place, width);
  head.k = rows_at(elements<T>(k), place, width);
  head.v = rows_at(elements<T>(v), place, width);
  head.length = static_cast<std::size_t>(place.length);
  head.width = static_cast<std::size_t>(place.head_width);
  head.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(place.head_width)));
  if (attention.mask) head.mask = &*attention.mask;
  head.first_row = {attention.layout->view_keys[place.text], 0,
                    static_cast<std::uint32_t>(place.head * attention.mask_stride / 4)};
  return head;
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const Attention& attention) {
    context->save_for_backward({q, k, v});
    detail::save_object(*context, attention);
    const at::Tensor out = rows_like(attention, q);
    with_element_type(q, [&]<class T>(T) {
      for_each_head(attention, q.size(1), [&](const Place& place) {
        attend(head_at<T>(attention, place, q, k, v), rows_at(mutable_elements<T>(out), place, q.size(1)));
      });
    });
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& attention = detail::saved_object<Attention>(*context);
    const variable_list saved = context->get_saved_variables();
    const at::Tensor outward = gradients[0].contiguous();
    const at::Tensor dq = rows_like(attention, saved[0]), dk = rows_like(attention, saved[1]),
                     dv = rows_like(attention, saved[2]);
    const std::int64_t width = outward.size(1);
    with_element_type(outward, [&]<class T>(T) {
      for_each_head(attention, width, [&](const Place& place) {
        attend_backward(head_at<T>(attention, place, saved[0], saved[1], saved[2]),
                        rows_at(elements<T>(outward), place, width),
                        {rows_at(mutable_elements<T>(dq), place, width), rows_at(mutable_elements<T>(dk), place, width),
                         rows_at(mutable_elements<T>(dv), place, width)});
      });
    });
    return {dq, dk, dv, at::Tensor()};
  }
};

}  // namespace

at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::shared_ptr<const PackedLayout> layout, const AttentionSetup& setup) {
  CF_EXPECTS(q.size(0) == layout->rows() && q.size(1) % setup.heads == 0);
  CF_EXPECTS(setup.mask_stride % 4 == 0);
  Attention attention{std::move(layout), setup.heads, setup.mask_stride, std::nullopt};
  if (setup.dropout.active && setup.probabilities.rate > 0) {
    attention.mask.emplace(setup.dropout, setup.probabilities.id, setup.probabilities.rate);
  }
  return PackedAttention::apply(q.contiguous(), k.contiguous(), v.contiguous(), attention);
}

}  // namespace coldframe
