#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "framework/core/hash.h"
#include "framework/core/philox.h"
#include "framework/model/full_strategy.h"
#include "framework/model/lora_strategy.h"
#include "framework/model/strategy_set.h"
#include "framework/model/transformer_encoder.h"
#include "framework/model/transformer_weights.h"

namespace coldframe::testing {

/// Two layers of width 64 of either family.
inline TransformerConfig tiny_config(double dropout = 0.1, FamilyKind family = FamilyKind::bert) {
  return {.family = family,
          .layers = 2,
          .width = 64,
          .heads = 4,
          .inner_width = 128,
          .vocabulary = 100,
          .positions = 64,
          .token_types = encoder_family(family).token_types ? 2 : 0,
          .norm_epsilon = 1e-12,
          .hidden_dropout = dropout,
          .attention_dropout = dropout};
}

/// Normal(0, 0.08) weights, LayerNorm near (1, 0): keyed by name, so every process makes the same.
inline at::Tensor random_weight(std::string_view name, const std::vector<std::int64_t>& shape) {
  at::Tensor value = at::empty(shape, at::kFloat);
  const KeyedRandom random(stable_hash(name), Purpose::initialisation);
  const bool gain = name.find("LayerNorm.weight") != std::string_view::npos;
  auto* data = value.data_ptr<float>();
  for (std::int64_t i = 0; i < value.numel(); ++i) {
    const PhiloxBlock words = random.block(UserKey(static_cast<std::uint64_t>(i)));
    data[i] = (gain ? 1.0f : 0.0f) + 0.08f * static_cast<float>(standard_normals(words[0], words[1])[0]);
  }
  return value;
}

/// What a strategy is allowed to train.
enum class TinyPart { everything, upper_layer };

inline void keep_to_upper_layer(Options& options) {
  if (auto* lora = dynamic_cast<LoraOptions*>(&options))
    lora->targets = {"layer.1.attention.query", "layer.1.attention.value"};
  if (auto* full = dynamic_cast<FullOptions*>(&options)) full->parameters = {"encoder.layer.1.*"};
}

inline std::shared_ptr<const Options> default_options(std::string_view strategy_kind, TinyPart part) {
  StrategyRegistry registry;
  add_builtin_strategies(registry);
  std::unique_ptr<Options> options = registry.require(strategy_kind).make_options();
  if (part == TinyPart::upper_layer) keep_to_upper_layer(*options);
  return options;
}

/// A kind and its options; null: the defaults of the kind.
struct TinyStrategy {
  std::string kind;
  std::shared_ptr<const Options> options;
};

/// A two-layer, width-64 encoder with its strategies attached.
struct TinyModel {
  explicit TinyModel(std::string_view strategy_kind, double dropout = 0.1, TinyPart part = TinyPart::everything)
      : TinyModel(strategy_kind, default_options(strategy_kind, part), dropout) {}

  /// With options of its own; null: the defaults of its kind.
  TinyModel(std::string_view strategy_kind, std::shared_ptr<const Options> chosen, double dropout = 0.1,
            FamilyKind family = FamilyKind::bert)
      : TinyModel(std::vector<TinyStrategy>{{std::string(strategy_kind), std::move(chosen)}}, dropout, family) {}

  explicit TinyModel(const std::vector<TinyStrategy>& chosen, double dropout = 0.1,
                     FamilyKind family = FamilyKind::bert) {
    const TransformerConfig config = tiny_config(dropout, family);
    for (const TensorShape& tensor : tensor_shapes(config)) {
      ParameterInfo info{.name = tensor.name};
      info.sparse_rows = tensor.name.find("word_embeddings") != std::string::npos;
      parameters.add(std::move(info), random_weight(tensor.name, tensor.shape));
    }
    encoder = std::make_unique<TransformerEncoder>(
        config, EncoderHead{Pooling::mean, Normalization::unit_length, config.longest_text()}, parameters);
    StrategyRegistry registry;
    add_builtin_strategies(registry);
    for (const auto& [kind, options] : chosen) {
      strategies.add(kind, registry.require(kind).make(
                               options != nullptr ? *options : *default_options(kind, TinyPart::everything)));
    }
    strategies.attach(*encoder, parameters, {});
  }

  ParameterStore parameters;
  std::unique_ptr<Encoder> encoder;
  StrategySet strategies;
};

}  // namespace coldframe::testing
