#include "framework/model/bert_encoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/bert_weights.h"
#include "framework/model/biased_gelu.h"
#include "framework/model/linear_map.h"
#include "framework/model/packed_attention.h"
#include "framework/model/packed_layout.h"
#include "framework/model/packed_pooling.h"
#include "framework/model/residual_norm.h"

namespace coldframe {

/// What one forward pass carries from layer to layer. Blocks below the lowest trainable site run without autograd and,
/// when the context says so, without dropout.
class BertEncoder::Pass {
 public:
  Pass(const BertEncoder& encoder, const ForwardContext& context, std::shared_ptr<const PackedLayout> layout)
      : encoder_(encoder),
        lively_{context.parameters, context.batch, context.dropout, context.token_rows, layout},
        quiet_{context.parameters, context.batch, {}, context.token_rows, std::move(layout)},
        first_trainable_(encoder.first_trainable_layer(context.parameters)),
        first_recorded_(has_rows() && context.token_rows->requires_grad() ? -1 : first_trainable_),
        start_(context.start) {
    CF_EXPECTS(start_ == nullptr || start_->layer <= first_trainable_);
  }

  at::Tensor run() const {
    at::Tensor h = input_of(encoder_.layers());
    h = h.narrow(0, 0, lively_.layout->tokens()).to(at::kFloat);
    h = encoder_.head_.pooling == Pooling::mean ? mean_pool(h, lively_.layout) : cls_pool(h, lively_.layout);
    return encoder_.head_.normalization == Normalization::unit_length ? normalize_rows(h) : h;
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

  at::Tensor normalize(const Norm& norm, const at::Tensor& x) const {
    return row_norm(x, parameter(norm.weight), parameter(norm.bias), encoder_.config_.norm_epsilon);
  }

  /// [T, D], rows of the token table.
  at::Tensor token_rows() const {
    if (has_rows()) return *lively_.token_rows;
    const auto& ids = lively_.batch.token_ids;
    const at::Tensor index = at::from_blob(const_cast<std::int64_t*>(ids.data()), {lively_.batch.tokens()}, at::kLong);
    const at::Tensor& table = parameter(encoder_.token_table_);
    if (lively_.token_rows == nullptr || !table.requires_grad()) return at::embedding(table, index.clone());
    *lively_.token_rows = at::embedding(table.detach(), index).requires_grad_();
    return *lively_.token_rows;
  }

  at::Tensor embed() const {
    const at::Tensor types = parameter(encoder_.type_table_).select(0, 0);
    const at::Tensor positions = at::embedding(parameter(encoder_.position_table_), lively_.layout->positions);
    const at::Tensor h = normalize(encoder_.embedding_norm_, token_rows() + types + positions);
    const at::Tensor dropped = keyed_dropout(h, lively_.layout, context_of(-1).dropout, encoder_.embedding_dropout_);
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
    const LinearSite& map = encoder_.linear_sites_[site];
    if (!encoder_.linear_deltas_[site].empty()) return {linear(context, site, x), {}};
    return {linear_map(lively_.parameters, x, map.weight), parameter(map.bias)};
  }

  at::Tensor linear(const ForwardContext& context, std::size_t site, const at::Tensor& x) const {
    const LinearSite& map = encoder_.linear_sites_[site];
    at::Tensor y = linear_map(lively_.parameters, x, map.weight, map.bias);
    for (const auto& delta : encoder_.linear_deltas_[site]) y = delta->linear(context, x, y);
    return y;
  }

  at::Tensor finish(const ForwardContext& context, const Block& block, std::size_t site, const at::Tensor& x,
                    const at::Tensor& h) const {
    const auto& delta = encoder_.block_deltas_[block.site];
    if (delta == nullptr) {
      const Sum branch = linear_apart(context, site, x);
      return residual_norm(branch.y, branch.bias, h, parameter(block.norm.weight), parameter(block.norm.bias),
                           {context.layout, context.dropout, block.dropout, encoder_.config_.norm_epsilon});
    }
    const at::Tensor f = keyed_dropout(linear(context, site, x), context.layout, context.dropout, block.dropout);
    return delta->block(context, f, h, [&](const at::Tensor& z) { return normalize(block.norm, z); });
  }

  at::Tensor activate(const ForwardContext& context, std::size_t site, const at::Tensor& x) const {
    if (encoder_.config_.activation == Activation::gelu) {
      const Sum inner = linear_apart(context, site, x);
      return biased_gelu(inner.y, inner.bias);
    }
    const at::Tensor inner = linear(context, site, x);
    return encoder_.config_.activation == Activation::relu ? at::relu(inner) : at::gelu(inner, "tanh");
  }

  at::Tensor transform(std::int64_t index, const at::Tensor& h) const {
    constexpr std::int64_t stride_unit = 512;
    const Layer& layer = encoder_.layers_[static_cast<std::size_t>(index)];
    const ForwardContext& context = context_of(index);
    const std::int64_t stride = (encoder_.config_.positions + stride_unit - 1) / stride_unit * stride_unit;
    const at::Tensor mixed = packed_attention(linear(context, layer.query, h), linear(context, layer.key, h),
                                              linear(context, layer.value, h), context.layout,
                                              {encoder_.config_.heads, stride, context.dropout, layer.probabilities});
    const at::Tensor middle = finish(context, layer.attention, layer.attention_output, mixed, h);
    return finish(context, layer.feed_forward, layer.output, activate(context, layer.inner, middle), middle);
  }

  const BertEncoder& encoder_;
  ForwardContext lively_;
  ForwardContext quiet_;
  std::int64_t first_trainable_;
  std::int64_t first_recorded_;
  const LayerInput* start_;
};

BertEncoder::BertEncoder(const BertConfig& config, const EncoderHead& head, const ParameterStore& parameters)
    : config_(config),
      head_(head),
      token_table_(parameters.require("embeddings.word_embeddings.weight")),
      position_table_(parameters.require("embeddings.position_embeddings.weight")),
      type_table_(parameters.require("embeddings.token_type_embeddings.weight")),
      embedding_norm_{parameters.require("embeddings.LayerNorm.weight"),
                      parameters.require("embeddings.LayerNorm.bias")},
      embedding_dropout_("embeddings", config.hidden_dropout) {
  for (const TensorShape& weight : bert_tensor_shapes(config)) parameters_.push_back(parameters.require(weight.name));
  for (std::int64_t layer = 0; layer < config.layers; ++layer) add_layer(static_cast<std::int32_t>(layer), parameters);
  linear_deltas_.resize(linear_sites_.size());
  block_deltas_.resize(block_sites_.size());
}

std::size_t BertEncoder::add_linear(const std::string& site, std::int32_t layer, const std::string& module,
                                    const ParameterStore& parameters) {
  LinearSite map{site, layer, parameters.require(module + ".weight"), parameters.require(module + ".bias")};
  map.out = parameters.value(map.weight).size(0);
  map.in = parameters.value(map.weight).size(1);
  linear_sites_.push_back(std::move(map));
  return linear_sites_.size() - 1;
}

BertEncoder::Block BertEncoder::add_block(const std::string& site, std::int32_t layer, const std::string& module,
                                          const ParameterStore& parameters) {
  block_sites_.push_back({site, layer, config_.width, module});
  const Norm norm{parameters.require(module + ".LayerNorm.weight"), parameters.require(module + ".LayerNorm.bias")};
  return {DropoutSite(site, config_.hidden_dropout), norm, block_sites_.size() - 1};
}

void BertEncoder::add_layer(std::int32_t layer, const ParameterStore& parameters) {
  const std::string site = fmt::format("layer.{}.", layer);
  const std::string module = fmt::format("encoder.layer.{}.", layer);
  const auto linear = [&](const char* name, const char* path) {
    return add_linear(site + name, layer, module + path, parameters);
  };
  layers_.push_back({linear("attention.query", "attention.self.query"), linear("attention.key", "attention.self.key"),
                     linear("attention.value", "attention.self.value"),
                     linear("attention.output", "attention.output.dense"),
                     linear("feed_forward.inner", "intermediate.dense"), linear("feed_forward.output", "output.dense"),
                     DropoutSite(site + "attention.probabilities", config_.attention_dropout),
                     add_block(site + "attention", layer, module + "attention.output", parameters),
                     add_block(site + "feed_forward", layer, module + "output", parameters)});
}

void BertEncoder::attach_linear(std::size_t site, std::shared_ptr<const SiteDelta> delta) {
  linear_deltas_.at(site).push_back(std::move(delta));
}

void BertEncoder::attach_block(std::size_t site, std::shared_ptr<const SiteDelta> delta) {
  if (block_deltas_.at(site) != nullptr) {
    throw ConfigError(fmt::format("two strategies change the block {}", block_sites_[site].name), "a block takes one",
                      "leave one of them out");
  }
  block_deltas_[site] = std::move(delta);
}

bool BertEncoder::layer_trainable(const Layer& layer, const ParameterView& parameters) const {
  const auto trained = [&](ParameterIndex index) { return parameters.trainable(index); };
  const auto delta_trained = [&](const std::shared_ptr<const SiteDelta>& delta) {
    if (delta == nullptr) return false;
    const std::vector<ParameterIndex> read = delta->parameters();
    return std::any_of(read.begin(), read.end(), trained);
  };
  for (const std::size_t site :
       {layer.query, layer.key, layer.value, layer.attention_output, layer.inner, layer.output}) {
    if (trained(linear_sites_[site].weight) || trained(linear_sites_[site].bias)) return true;
    if (std::any_of(linear_deltas_[site].begin(), linear_deltas_[site].end(), delta_trained)) return true;
  }
  for (const Block& block : {layer.attention, layer.feed_forward}) {
    if (trained(block.norm.weight) || trained(block.norm.bias) || delta_trained(block_deltas_[block.site])) return true;
  }
  return false;
}

std::int64_t BertEncoder::first_trainable_layer(const ParameterView& parameters) const {
  for (const ParameterIndex index :
       {token_table_, position_table_, type_table_, embedding_norm_.weight, embedding_norm_.bias}) {
    if (parameters.trainable(index)) return -1;
  }
  for (std::int64_t layer = 0; layer < layers(); ++layer) {
    if (layer_trainable(layers_[static_cast<std::size_t>(layer)], parameters)) return layer;
  }
  return layers();
}

void BertEncoder::check(const PackedBatch& batch, const PackedLayout& layout) const {
  for (std::size_t n = 0; n < layout.view_keys.size(); ++n) {
    const std::int64_t length = layout.row_offsets[n + 1] - layout.row_offsets[n];
    if (length > config_.positions) {
      throw DataError(fmt::format("text {} of a batch has {} tokens", n, length),
                      fmt::format("the encoder has {} positions", config_.positions), "truncate texts to max_tokens");
    }
  }
  for (const std::int64_t id : batch.token_ids) {
    if (id < 0 || id >= config_.vocabulary) {
      throw DataError(fmt::format("token id {} in a batch", id),
                      fmt::format("the encoder knows ids 0 to {}", config_.vocabulary - 1),
                      "tokenizer and encoder must come from the same folder");
    }
  }
}

namespace {

/// Products in bfloat16 are compiled for their shape and kept: whole blocks of tokens let micro-batches share them.
/// Measured at 900 to 1,200 tokens of width 384 on one core: 370 GFLOP/s with every number of tokens, 970 with blocks.
std::int64_t padding_of(const ForwardContext& context) {
  constexpr std::int64_t block = 32;
  if (context.parameters.precision() == Precision::fp32) return 0;
  return (block - context.batch.tokens() % block) % block;
}

}  // namespace

at::Tensor BertEncoder::forward(const ForwardContext& context) const {
  if (context.batch.texts() == 0) return at::zeros({0, config_.width}, at::TensorOptions().dtype(at::kFloat));
  auto layout = std::make_shared<const PackedLayout>(context.batch, padding_of(context));
  check(context.batch, *layout);
  return Pass(*this, context, std::move(layout)).run();
}

at::Tensor BertEncoder::layer_input(const ForwardContext& context, std::int64_t layer, std::int64_t rows) const {
  CF_EXPECTS(rows >= context.batch.tokens() && !context.dropout.active);
  const at::NoGradGuard no_grad;
  auto layout = std::make_shared<const PackedLayout>(context.batch, rows - context.batch.tokens());
  check(context.batch, *layout);
  return Pass(*this, context, std::move(layout)).input_of(layer).narrow(0, 0, context.batch.tokens());
}

}  // namespace coldframe
