#include "framework/model/transformer_config.h"

#include <fmt/format.h>

#include <map>
#include <string>

#include "framework/core/error.h"
#include "framework/model/json_object.h"
#include "framework/model/relative_position.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_largest = std::int64_t{1} << 24;

FamilyKind read_family(const JsonObject& config) {
  const std::string type = config.text("model_type", "bert");
  std::string known;
  for (const EncoderFamily& family : encoder_families()) {
    if (family.name == type) return family.kind;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", family.name);
  }
  config.reject("model_type", fmt::format("known families: {}", known),
                "choose an encoder of one of them, such as all-MiniLM-L6-v2");
}

void expect_supported(const JsonObject& config, const EncoderFamily& family) {
  if (config.text("position_embedding_type", "absolute") != "absolute") {
    config.reject("position_embedding_type", "only absolute positions are supported");
  }
  for (const char* key : {"is_decoder", "add_cross_attention", "is_encoder_decoder"}) {
    if (config.flag(key, false)) config.reject(key, "only plain encoders are supported");
  }
  constexpr const char* buckets = "relative_attention_num_buckets";
  if (!family.relative_bias.empty() && config.has(buckets) &&
      config.integer(buckets, 1, k_largest) != k_relative_buckets) {
    config.reject(buckets, fmt::format("must be {}: transformers sorts distances into so many whatever stands here",
                                       k_relative_buckets));
  }
}

Activation read_activation(const JsonObject& config) {
  static const std::map<std::string, Activation> known = {{"gelu", Activation::gelu},
                                                          {"relu", Activation::relu},
                                                          {"gelu_new", Activation::gelu_tanh},
                                                          {"gelu_pytorch_tanh", Activation::gelu_tanh}};
  const auto found = known.find(config.text("hidden_act", "gelu"));
  if (found == known.end()) config.reject("hidden_act", "must be gelu, gelu_new, gelu_pytorch_tanh or relu");
  return found->second;
}

double read_dropout(const JsonObject& config, const char* key) {
  const double rate = config.number(key, 0.1);
  if (rate < 0 || rate >= 1) config.reject(key, "must be at least 0 and below 1");
  return rate;
}

}  // namespace

TransformerConfig read_transformer_config(const std::filesystem::path& config_file) {
  const JsonObject file(config_file);
  TransformerConfig config;
  config.family = read_family(file);
  const EncoderFamily& family = encoder_family(config.family);
  expect_supported(file, family);
  config.layers = file.integer("num_hidden_layers", 1, 1024);
  config.width = file.integer("hidden_size", 1, k_largest);
  config.heads = file.integer("num_attention_heads", 1, config.width);
  config.inner_width = file.integer("intermediate_size", 1, k_largest);
  config.vocabulary = file.integer("vocab_size", 1, k_largest);
  config.positions = file.integer("max_position_embeddings", family.first_position + 1, k_largest);
  if (family.token_types) {
    config.token_types = file.has("type_vocab_size") ? file.integer("type_vocab_size", 1, 1024) : 2;
  }
  config.norm_epsilon = file.number("layer_norm_eps", 1e-12);
  config.hidden_dropout = read_dropout(file, "hidden_dropout_prob");
  config.attention_dropout = read_dropout(file, "attention_probs_dropout_prob");
  config.activation = read_activation(file);
  if (config.width % config.heads != 0) {
    file.reject("num_attention_heads", fmt::format("must divide hidden_size = {}", config.width));
  }
  if (config.norm_epsilon < 0) file.reject("layer_norm_eps", "must not be negative");
  return config;
}

}  // namespace coldframe
