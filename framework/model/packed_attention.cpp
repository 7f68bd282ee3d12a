#include "framework/model/packed_attention.h"

#include <ATen/ops/_softmax.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "framework/core/error.h"
#include "framework/model/saved_object.h"

namespace coldframe {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// n texts of a block, H heads, L tokens per text, d width of a head.

/// Texts of equal length whose probabilities fit the cache together.
struct AttentionBlock {
  std::int64_t first_text;
  std::int64_t texts;
  std::int64_t length;
  std::int64_t first_token;
};

struct Attention {
  std::shared_ptr<const PackedLayout> layout;
  std::int64_t heads;
  std::int64_t mask_stride;
  std::optional<MaskKey> mask;

  std::vector<AttentionBlock> blocks() const {
    constexpr std::int64_t cached_elements = 1 << 18;
    std::vector<AttentionBlock> result;
    for (const LengthRun& run : layout->runs) {
      const std::int64_t step = std::max<std::int64_t>(1, cached_elements / (heads * run.length * run.length));
      for (std::int64_t n = 0; n < run.texts; n += step) {
        result.push_back(
            {run.first_text + n, std::min(step, run.texts - n), run.length, run.first_token + n * run.length});
      }
    }
    return result;
  }

  at::Tensor rows_of(const at::Tensor& x, const AttentionBlock& block) const {  // [n, L, H, d], shares memory
    return x.narrow(0, block.first_token, block.texts * block.length)
        .view({block.texts, block.length, heads, x.size(1) / heads});
  }

  /// [n H, L, d], a copy: operands of products then start on aligned memory whatever the offset of the block is.
  at::Tensor by_head(const at::Tensor& x, const AttentionBlock& block) const {
    return rows_of(x, block).permute({0, 2, 1, 3}).clone(at::MemoryFormat::Contiguous).flatten(0, 1);
  }

  void put_back(const at::Tensor& by_head, const AttentionBlock& block, const at::Tensor& x) const {
    rows_of(x, block).copy_(by_head.unflatten(0, {block.texts, heads}).permute({0, 2, 1, 3}));
  }

  double score_scale(const at::Tensor& q) const {
    return 1.0 / std::sqrt(static_cast<double>(q.size(1)) / static_cast<double>(heads));
  }

  std::vector<MaskRow> mask_rows(const AttentionBlock& block) const {
    std::vector<MaskRow> rows;
    rows.reserve(static_cast<std::size_t>(block.texts * heads * block.length));
    for (std::int64_t n = block.first_text; n < block.first_text + block.texts; ++n) {
      for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t i = 0; i < block.length; ++i) {
          rows.push_back({layout->view_keys[static_cast<std::size_t>(n)], static_cast<std::uint32_t>(i),
                          static_cast<std::uint32_t>(head * mask_stride / 4)});
        }
      }
    }
    return rows;
  }

  void drop(const at::Tensor& in, const at::Tensor& out, const std::vector<MaskRow>& rows) const {
    apply_mask(*mask, rows, in.size(-1), in.const_data_ptr<float>(), out.mutable_data_ptr<float>());
  }
};

at::Tensor attention_forward(const Attention& attention, const at::Tensor& q, const at::Tensor& k,
                             const at::Tensor& v) {
  at::Tensor out = at::empty_like(q);
  for (const AttentionBlock& block : attention.blocks()) {
    const at::Tensor scaled = attention.by_head(q, block).mul_(attention.score_scale(q));
    const at::Tensor scores = at::bmm(scaled, attention.by_head(k, block).transpose(1, 2));
    const at::Tensor probabilities = at::_softmax(scores, -1, false);
    if (attention.mask) attention.drop(probabilities, probabilities, attention.mask_rows(block));
    attention.put_back(at::bmm(probabilities, attention.by_head(v, block)), block, out);
  }
  return out;
}

struct AttentionGradients {
  at::Tensor q, k, v;
};

void attention_backward(const Attention& attention, const variable_list& saved, const at::Tensor& gradient,
                        const AttentionBlock& block, AttentionGradients& result) {
  const double scale = attention.score_scale(saved[0]);
  const at::Tensor scaled = attention.by_head(saved[0], block).mul_(scale);
  const at::Tensor keys = attention.by_head(saved[1], block);
  const at::Tensor probabilities = at::_softmax(at::bmm(scaled, keys.transpose(1, 2)), -1, false);
  const at::Tensor outward = attention.by_head(gradient, block);
  const std::vector<MaskRow> rows = attention.mask ? attention.mask_rows(block) : std::vector<MaskRow>();
  if (result.v.defined()) {
    at::Tensor kept = probabilities;
    if (attention.mask) attention.drop(probabilities, kept = at::empty_like(probabilities), rows);
    attention.put_back(at::bmm(kept.transpose(1, 2), outward), block, result.v);
  }
  if (!result.q.defined() && !result.k.defined()) return;
  const at::Tensor inward = at::bmm(outward, attention.by_head(saved[2], block).transpose(1, 2));
  if (attention.mask) attention.drop(inward, inward, rows);
  const at::Tensor scores = at::_softmax_backward_data(inward, probabilities, -1, at::kFloat);
  if (result.q.defined()) attention.put_back(at::bmm(scores, keys).mul_(scale), block, result.q);
  if (result.k.defined()) attention.put_back(at::bmm(scores.transpose(1, 2), scaled), block, result.k);
}

struct PackedAttention : torch::autograd::Function<PackedAttention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            const Attention& attention) {
    context->save_for_backward({q, k, v});
    detail::save_object(*context, attention);
    return attention_forward(attention, q, k, v);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& attention = detail::saved_object<Attention>(*context);
    const variable_list saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].contiguous();
    AttentionGradients result;
    if (context->needs_input_grad(0)) result.q = at::empty_like(saved[0]);
    if (context->needs_input_grad(1)) result.k = at::empty_like(saved[1]);
    if (context->needs_input_grad(2)) result.v = at::empty_like(saved[2]);
    for (const AttentionBlock& block : attention.blocks()) {
      attention_backward(attention, saved, gradient, block, result);
    }
    return {result.q, result.k, result.v, at::Tensor()};
  }
};

}  // namespace

at::Tensor packed_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::shared_ptr<const PackedLayout> layout, const AttentionSetup& setup) {
  CF_EXPECTS(q.size(0) == layout->tokens() && q.size(1) % setup.heads == 0);
  CF_EXPECTS(setup.mask_stride % 4 == 0);
  Attention attention{std::move(layout), setup.heads, setup.mask_stride, std::nullopt};
  if (setup.dropout.active && setup.probabilities.rate > 0) {
    attention.mask.emplace(setup.dropout, setup.probabilities.id, setup.probabilities.rate);
  }
  return PackedAttention::apply(q.contiguous(), k.contiguous(), v.contiguous(), attention);
}

}  // namespace coldframe
