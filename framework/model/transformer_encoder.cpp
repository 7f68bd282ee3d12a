#include "framework/model/transformer_encoder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/packed_layout.h"
#include "framework/model/transformer_pass.h"
#include "framework/model/transformer_weights.h"

namespace coldframe {
namespace {

TransformerParts::Norm norm_of(const std::string& module, const ParameterStore& parameters) {
  return {parameters.require(module + ".LayerNorm.weight"), parameters.require(module + ".LayerNorm.bias")};
}

TransformerParts::Embeddings embeddings_of(const TransformerConfig& config, const ParameterStore& parameters) {
  const auto table = [&](const char* name) { return parameters.require(fmt::format("embeddings.{}.weight", name)); };
  return {table("word_embeddings"), table("position_embeddings"),
          config.token_types > 0 ? table("token_type_embeddings") : -1, norm_of("embeddings", parameters),
          DropoutSite("embeddings", config.hidden_dropout)};
}

/// Products in bfloat16 are compiled for their shape and kept: whole blocks of tokens let micro-batches share them.
/// Measured at 900 to 1,200 tokens of width 384 on one core: 370 GFLOP/s with every number of tokens, 970 with blocks.
std::int64_t padding_of(const ForwardContext& context, std::int64_t rows) {
  constexpr std::int64_t block = 32;
  if (context.parameters.precision() == Precision::fp32) return 0;
  return (block - rows % block) % block;
}

std::int64_t rows_of(const PackedBatch& batch, const RowPlan& plan) {
  return batch.tokens() + batch.texts() * plan.prompt;
}

template <class Source>
bool reads_trained(const std::shared_ptr<const Source>& source, const ParameterView& parameters) {
  if (source == nullptr) return false;
  const std::vector<ParameterIndex> read = source->parameters();
  return std::any_of(read.begin(), read.end(), [&](ParameterIndex index) { return parameters.trainable(index); });
}

}  // namespace

TransformerEncoder::TransformerEncoder(const TransformerConfig& config, const EncoderHead& head,
                                       const ParameterStore& parameters)
    : family_(encoder_family(config.family)), parts_{config, head, embeddings_of(config, parameters), -1, {}, {}, {},
                                                     {},     {}} {
  if (!family_.relative_bias.empty()) {
    parts_.relative_bias = parameters.require(fmt::format("{}.weight", family_.relative_bias));
  }
  for (const TensorShape& weight : tensor_shapes(config)) parameters_.push_back(parameters.require(weight.name));
  for (std::int64_t layer = 0; layer < config.layers; ++layer) add_layer(static_cast<std::int32_t>(layer), parameters);
  parts_.linear_deltas.resize(parts_.linear_sites.size());
  parts_.block_deltas.resize(parts_.block_sites.size());
  parts_.prefixes.resize(parts_.layers.size());
}

std::size_t TransformerEncoder::add_linear(const std::string& site, std::int32_t layer, const std::string& module,
                                           const ParameterStore& parameters) {
  LinearSite map{site, layer, parameters.require(module + ".weight"), parameters.require(module + ".bias")};
  map.out = parameters.value(map.weight).size(0);
  map.in = parameters.value(map.weight).size(1);
  parts_.linear_sites.push_back(std::move(map));
  return parts_.linear_sites.size() - 1;
}

TransformerParts::Block TransformerEncoder::add_block(const std::string& site, std::int32_t layer,
                                                      const std::string& module, const ParameterStore& parameters) {
  parts_.block_sites.push_back({site, layer, width(), module});
  return {DropoutSite(site, parts_.config.hidden_dropout), norm_of(module, parameters), parts_.block_sites.size() - 1};
}

void TransformerEncoder::add_layer(std::int32_t layer, const ParameterStore& parameters) {
  const std::string site = fmt::format("layer.{}.", layer);
  const auto path = [&](std::string_view module) { return fmt::format("encoder.layer.{}.{}", layer, module); };
  const auto linear = [&](const char* name, std::string_view module) {
    return add_linear(site + name, layer, path(module), parameters);
  };
  parts_.layers.push_back({linear("attention.query", family_.query), linear("attention.key", family_.key),
                           linear("attention.value", family_.value),
                           linear("attention.output", family_.attention_output),
                           linear("feed_forward.inner", family_.inner), linear("feed_forward.output", family_.output),
                           DropoutSite(site + "attention.probabilities", parts_.config.attention_dropout),
                           add_block(site + "attention", layer, path(family_.attention_block), parameters),
                           add_block(site + "feed_forward", layer, path(family_.feed_forward_block), parameters)});
}

void TransformerEncoder::attach_linear(std::size_t site, std::shared_ptr<const SiteDelta> delta) {
  std::vector<std::shared_ptr<const SiteDelta>>& deltas = parts_.linear_deltas.at(site);
  const bool alone = std::ranges::any_of(deltas, [](const auto& other) { return other->alone(); });
  if (alone || (!deltas.empty() && delta->alone())) {
    throw ConfigError(fmt::format("two strategies change the map {}", parts_.linear_sites[site].name),
                      "one of them takes no other beside it", "leave the map out of one's targets");
  }
  deltas.push_back(std::move(delta));
}

void TransformerEncoder::attach_block(std::size_t site, std::shared_ptr<const SiteDelta> delta) {
  if (parts_.block_deltas.at(site) != nullptr) {
    throw ConfigError(fmt::format("two strategies change the block {}", parts_.block_sites[site].name),
                      "a block takes one", "leave one of them out");
  }
  parts_.block_deltas[site] = std::move(delta);
}

void TransformerEncoder::attach_prefix(std::size_t layer, std::shared_ptr<const PrefixSource> prefix) {
  if (parts_.prefixes.at(layer) != nullptr) {
    throw ConfigError(fmt::format("two strategies put a prefix in front of layer {}", layer), "a layer takes one",
                      "leave one of them out");
  }
  parts_.prefixes[layer] = std::move(prefix);
}

void TransformerEncoder::attach_prompt(std::shared_ptr<const PromptSource> prompt) {
  if (parts_.prompt != nullptr) {
    throw ConfigError("two strategies put a prompt in front of texts", "an encoder takes one", "leave one of them out");
  }
  parts_.prompt = std::move(prompt);
  expect_room();
}

void TransformerEncoder::shift_positions(std::int64_t count) {
  parts_.shifted_positions += count;
  expect_room();
}

/// For [CLS], a token and [SEP].
void TransformerEncoder::expect_room() const {
  constexpr std::int64_t shortest = 3;
  if (parts_.longest_text() >= shortest) return;
  throw ConfigError(
      fmt::format("{} positions go to a prefix or prompt", parts_.shifted_positions + parts_.prompt_length()),
      fmt::format("the encoder has {}", parts_.config.longest_text()), "make it shorter");
}

RowPlan TransformerEncoder::row_plan() const {
  return {.first_position = family_.first_position + parts_.shifted_positions, .prompt = parts_.prompt_length()};
}

bool TransformerEncoder::layer_trainable(std::size_t number, const ParameterView& parameters) const {
  const TransformerParts::Layer& layer = parts_.layers[number];
  if (reads_trained(parts_.prefixes[number], parameters)) return true;
  const auto trained = [&](ParameterIndex index) { return parameters.trainable(index); };
  const auto delta_trained = [&](const std::shared_ptr<const SiteDelta>& delta) {
    return reads_trained(delta, parameters);
  };
  for (const std::size_t site :
       {layer.query, layer.key, layer.value, layer.attention_output, layer.inner, layer.output}) {
    if (trained(parts_.linear_sites[site].weight) || trained(parts_.linear_sites[site].bias)) return true;
    if (std::any_of(parts_.linear_deltas[site].begin(), parts_.linear_deltas[site].end(), delta_trained)) return true;
  }
  for (const TransformerParts::Block& block : {layer.attention, layer.feed_forward}) {
    if (trained(block.norm.weight) || trained(block.norm.bias) || delta_trained(parts_.block_deltas[block.site]))
      return true;
  }
  return false;
}

std::int64_t TransformerEncoder::first_trainable_layer(const ParameterView& parameters) const {
  if (reads_trained(parts_.prompt, parameters)) return -1;
  const TransformerParts::Embeddings& embeddings = parts_.embeddings;
  for (const ParameterIndex index :
       {embeddings.tokens, embeddings.positions, embeddings.types, embeddings.norm.weight, embeddings.norm.bias}) {
    if (index >= 0 && parameters.trainable(index)) return -1;
  }
  if (parts_.relative_bias >= 0 && parameters.trainable(parts_.relative_bias)) return 0;
  for (std::int64_t layer = 0; layer < layers(); ++layer) {
    if (layer_trainable(static_cast<std::size_t>(layer), parameters)) return layer;
  }
  return layers();
}

void TransformerEncoder::check(const PackedBatch& batch) const {
  for (std::size_t n = 0; n < batch.view_keys.size(); ++n) {
    const std::int64_t length = batch.row_offsets[n + 1] - batch.row_offsets[n];
    if (length > parts_.longest_text()) {
      throw DataError(fmt::format("text {} of a batch has {} tokens", n, length),
                      fmt::format("the encoder has {} positions", parts_.longest_text()),
                      "truncate texts to max_tokens");
    }
  }
  for (const std::int64_t id : batch.token_ids) {
    if (id < 0 || id >= parts_.config.vocabulary) {
      throw DataError(fmt::format("token id {} in a batch", id),
                      fmt::format("the encoder knows ids 0 to {}", parts_.config.vocabulary - 1),
                      "tokenizer and encoder must come from the same folder");
    }
  }
}

at::Tensor TransformerEncoder::forward(const ForwardContext& context) const {
  if (context.batch.texts() == 0) return at::zeros({0, parts_.config.width}, at::TensorOptions().dtype(at::kFloat));
  RowPlan plan = row_plan();
  plan.padding = padding_of(context, rows_of(context.batch, plan));
  auto layout = std::make_shared<const PackedLayout>(context.batch, plan);
  check(context.batch);
  return run_transformer(parts_, first_trainable_layer(context.parameters), context, std::move(layout));
}

at::Tensor TransformerEncoder::layer_input(const ForwardContext& context, std::int64_t layer, std::int64_t rows) const {
  RowPlan plan = row_plan();
  plan.padding = rows - rows_of(context.batch, plan);
  CF_EXPECTS(plan.padding >= 0 && !context.dropout.active);
  const at::NoGradGuard no_grad;
  auto layout = std::make_shared<const PackedLayout>(context.batch, plan);
  check(context.batch);
  return transformer_layer_input(parts_, first_trainable_layer(context.parameters), context, std::move(layout), layer);
}

}  // namespace coldframe
