#include "framework/model/transformer_pass.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>

#include <iterator>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/biased_gelu.h"
#include "framework/model/linear_map.h"
#include "framework/model/packed_attention.h"
#include "framework/model/packed_layout.h"
#include "framework/model/packed_pooling.h"
#include "framework/model/prompt_rows.h"
#include "framework/model/relative_position.h"
#include "framework/model/residual_norm.h"

namespace coldframe {
namespace {

/// What one forward pass carries from layer to layer. Blocks below the lowest trainable site run without autograd and,
/// when the context says so, without dropout.
class Pass {
 public:
  Pass(const TransformerParts& parts, std::int64_t first_trainable, const ForwardContext& context,
       std::shared_ptr<const PackedLayout> layout)
      : parts_(parts),
        lively_{context.parameters, context.batch, context.dropout, context.token_rows, layout},
        quiet_{context.parameters, context.batch, {}, context.token_rows, std::move(layout)},
        first_trainable_(first_trainable),
        first_recorded_(has_rows() && context.token_rows->requires_grad() ? -1 : first_trainable_),
        start_(context.start) {
    CF_EXPECTS(start_ == nullptr || start_->layer <= first_trainable_);
    if (parts_.relative_bias >= 0) {
      score_bias_ = distance_bias(parameter(parts_.relative_bias), lively_.layout->longest);
    }
  }

  at::Tensor run() const {
    at::Tensor h = input_of(std::ssize(parts_.layers));
    h = h.narrow(0, 0, lively_.layout->tokens()).to(at::kFloat);
    h = parts_.head.pooling == Pooling::mean ? mean_pool(h, lively_.layout) : cls_pool(h, lively_.layout);
    return parts_.head.normalization == Normalization::unit_length ? normalize_rows(h) : h;
  }

  /// [rows, D], what enters block `end`.
  at::Tensor input_of(std::int64_t end) const {
    at::Tensor h = start_ != nullptr ? padded(start_->rows) : recorded(-1, [&] { return embed(); });
    for (std::int64_t layer = start_ != nullptr ? start_->layer : 0; layer < end; ++layer) {
      h = recorded(layer, [&] { return transform(layer, h); });
    }
    return h;
  }

 private:
  bool has_rows() const { return lively_.token_rows != nullptr && lively_.token_rows->defined(); }

  template <class Work>
  at::Tensor recorded(std::int64_t layer, const Work& work) const {
    const at::AutoGradMode mode(at::GradMode::is_enabled() && layer >= first_recorded_);
    return work();
  }

  const ForwardContext& context_of(std::int64_t layer) const {
    return lively_.dropout.below_trainable || layer >= first_trainable_ ? lively_ : quiet_;
  }

  const at::Tensor& parameter(ParameterIndex index) const { return lively_.parameters[index]; }

  at::Tensor normalize(const TransformerParts::Norm& norm, const at::Tensor& x) const {
    return row_norm(x, parameter(norm.weight), parameter(norm.bias), parts_.config.norm_epsilon);
  }

  /// [T, D], rows of the token table.
  at::Tensor token_rows() const {
    if (has_rows()) return *lively_.token_rows;
    const auto& ids = lively_.batch.token_ids;
    const at::Tensor index = at::from_blob(const_cast<std::int64_t*>(ids.data()), {lively_.batch.tokens()}, at::kLong);
    const at::Tensor& table = parameter(parts_.embeddings.tokens);
    if (lively_.token_rows == nullptr || !table.requires_grad()) return at::embedding(table, index.clone());
    *lively_.token_rows = at::embedding(table.detach(), index).requires_grad_();
    return *lively_.token_rows;
  }

  at::Tensor embed() const {
    at::Tensor sum = token_rows();
    if (parts_.prompt != nullptr) sum = with_prompt(parts_.prompt->rows(context_of(-1)), sum, lively_.layout);
    if (parts_.embeddings.types >= 0) sum = sum + parameter(parts_.embeddings.types).select(0, 0);
    const at::Tensor positions = at::embedding(parameter(parts_.embeddings.positions), lively_.layout->positions);
    const at::Tensor h = normalize(parts_.embeddings.norm, sum + positions);
    const at::Tensor dropped = keyed_dropout(h, lively_.layout, context_of(-1).dropout, parts_.embeddings.dropout);
    return padded(lively_.parameters.precision() == Precision::fp32 ? dropped : dropped.to(at::kBFloat16));
  }

  /// [T, D] with zeros up to the rows of the layout.
  at::Tensor padded(const at::Tensor& h) const {
    const std::int64_t padding = lively_.layout->rows() - lively_.layout->tokens();
    return padding == 0 ? h : at::cat({h, at::zeros({padding, h.size(1)}, h.options())});
  }

  /// What a linear map leaves: y + bias, the bias apart (undefined: none) where whatever comes next can add it in
  /// passing.
  struct Sum {
    at::Tensor y;
    at::Tensor bias;
  };

  Sum linear_apart(const ForwardContext& context, std::size_t site, const at::Tensor& x) const {
    const LinearSite& map = parts_.linear_sites[site];
    if (!parts_.linear_deltas[site].empty()) return {linear(context, site, x), {}};
    return {linear_map(lively_.parameters, x, map.weight), parameter(map.bias)};
  }

  at::Tensor linear(const ForwardContext& context, std::size_t site, const at::Tensor& x) const {
    const LinearSite& map = parts_.linear_sites[site];
    at::Tensor input = x;
    for (const auto& delta : parts_.linear_deltas[site]) input = delta->input(context, input);
    at::Tensor y = linear_map(lively_.parameters, input, map.weight, map.bias);
    for (const auto& delta : parts_.linear_deltas[site]) y = delta->linear(context, input, y);
    return y;
  }

  at::Tensor finish(const ForwardContext& context, const TransformerParts::Block& block, std::size_t site,
                    const at::Tensor& x, const at::Tensor& h) const {
    const auto& delta = parts_.block_deltas[block.site];
    if (delta == nullptr) {
      const Sum branch = linear_apart(context, site, x);
      return residual_norm(branch.y, branch.bias, h, parameter(block.norm.weight), parameter(block.norm.bias),
                           {context.layout, context.dropout, block.dropout, parts_.config.norm_epsilon});
    }
    const at::Tensor f = keyed_dropout(linear(context, site, x), context.layout, context.dropout, block.dropout);
    return delta->block(context, f, h, [&](const at::Tensor& z) { return normalize(block.norm, z); });
  }

  at::Tensor activate(const ForwardContext& context, std::size_t site, const at::Tensor& x) const {
    if (parts_.config.activation == Activation::gelu) {
      const Sum inner = linear_apart(context, site, x);
      return biased_gelu(inner.y, inner.bias);
    }
    const at::Tensor inner = linear(context, site, x);
    return parts_.config.activation == Activation::relu ? at::relu(inner) : at::gelu(inner, "tanh");
  }

  KeyValueRows prefix_of(std::int64_t layer) const {
    const auto& source = parts_.prefixes[static_cast<std::size_t>(layer)];
    return source == nullptr ? KeyValueRows() : source->rows(context_of(layer));
  }

  at::Tensor transform(std::int64_t index, const at::Tensor& h) const {
    constexpr std::int64_t stride_unit = 512;
    const TransformerParts::Layer& layer = parts_.layers[static_cast<std::size_t>(index)];
    const ForwardContext& context = context_of(index);
    const KeyValueRows prefix = prefix_of(index);
    const std::int64_t stride = (parts_.config.longest_text() + stride_unit - 1) / stride_unit * stride_unit;
    const at::Tensor mixed = packed_attention(
        linear(context, layer.query, h), linear(context, layer.key, h), linear(context, layer.value, h), context.layout,
        {parts_.config.heads, stride, context.dropout, layer.probabilities}, {score_bias_, prefix.keys, prefix.values});
    const at::Tensor middle = finish(context, layer.attention, layer.attention_output, mixed, h);
    return finish(context, layer.feed_forward, layer.output, activate(context, layer.inner, middle), middle);
  }

  const TransformerParts& parts_;
  ForwardContext lively_;
  ForwardContext quiet_;
  std::int64_t first_trainable_;
  std::int64_t first_recorded_;
  const LayerInput* start_;
  at::Tensor score_bias_;  // [heads, 2 R - 1], R the longest text; undefined: none
};

}  // namespace

at::Tensor run_transformer(const TransformerParts& parts, std::int64_t first_trainable, const ForwardContext& context,
                           std::shared_ptr<const PackedLayout> layout) {
  return Pass(parts, first_trainable, context, std::move(layout)).run();
}

at::Tensor transformer_layer_input(const TransformerParts& parts, std::int64_t first_trainable,
                                   const ForwardContext& context, std::shared_ptr<const PackedLayout> layout,
                                   std::int64_t layer) {
  const std::int64_t tokens = layout->tokens();
  return Pass(parts, first_trainable, context, std::move(layout)).input_of(layer).narrow(0, 0, tokens);
}

}  // namespace coldframe
