#include "framework/model/transformer_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "framework/core/error.h"
#include "framework/model/relative_position.h"

namespace coldframe {
namespace {

constexpr std::string_view k_token_table = "embeddings.word_embeddings.weight";

void add_linear(std::vector<TensorShape>& shapes, const std::string& module, std::int64_t out, std::int64_t in) {
  shapes.push_back({module + ".weight", {out, in}});
  shapes.push_back({module + ".bias", {out}});
}

void add_norm(std::vector<TensorShape>& shapes, const std::string& module, std::int64_t width) {
  shapes.push_back({module + ".LayerNorm.weight", {width}});
  shapes.push_back({module + ".LayerNorm.bias", {width}});
}

bool is_left_out(std::string_view name, const EncoderFamily& family) {
  return std::any_of(family.left_out.begin(), family.left_out.end(),
                     [&](std::string_view start) { return name.starts_with(start); });
}

/// "bert.encoder.layer.0.output.LayerNorm.gamma" -> "encoder.layer.0.output.LayerNorm.weight".
std::string canonical_name(std::string_view stored, const EncoderFamily& family) {
  constexpr std::string_view gamma = ".LayerNorm.gamma";
  constexpr std::string_view beta = ".LayerNorm.beta";
  const std::string prefix = fmt::format("{}.", family.name);
  std::string name(stored.starts_with(prefix) ? stored.substr(prefix.size()) : stored);
  if (name.ends_with(gamma)) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with(beta)) name.replace(name.size() - 4, 4, "bias");
  return name;
}

ParameterInfo info_of(const std::string& name) {
  ParameterInfo info;
  info.name = name;
  info.decay = name.find("bias") == std::string::npos && name.find("LayerNorm") == std::string::npos;
  info.sparse_rows = name == k_token_table;
  return info;
}

/// Canonical to stored name, without what is left out.
std::map<std::string, std::string> name_map(const WeightFiles& files, const EncoderFamily& family) {
  std::map<std::string, std::string> names;
  for (const auto& [stored, tensor] : files.tensors()) {
    const std::string name = canonical_name(stored, family);
    if (is_left_out(name, family)) continue;
    if (!names.emplace(name, stored).second) {
      throw DataError(
          fmt::format("{} holds {} twice, as {} and as {}", files.path().string(), name, names[name], stored),
          "a weight has one name");
    }
  }
  return names;
}

}  // namespace

std::vector<TensorShape> tensor_shapes(const TransformerConfig& config) {
  const EncoderFamily& family = encoder_family(config.family);
  std::vector<TensorShape> shapes = {
      {std::string(k_token_table), {config.vocabulary, config.width}},
      {"embeddings.position_embeddings.weight", {config.positions, config.width}},
  };
  if (config.token_types > 0) {
    shapes.push_back({"embeddings.token_type_embeddings.weight", {config.token_types, config.width}});
  }
  add_norm(shapes, "embeddings", config.width);
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    const auto path = [&](std::string_view module) { return fmt::format("encoder.layer.{}.{}", layer, module); };
    for (const std::string_view map : {family.query, family.key, family.value, family.attention_output}) {
      add_linear(shapes, path(map), config.width, config.width);
    }
    add_norm(shapes, path(family.attention_block), config.width);
    add_linear(shapes, path(family.inner), config.inner_width, config.width);
    add_linear(shapes, path(family.output), config.width, config.inner_width);
    add_norm(shapes, path(family.feed_forward_block), config.width);
  }
  if (!family.relative_bias.empty()) {
    shapes.push_back({fmt::format("{}.weight", family.relative_bias), {k_relative_buckets, config.heads}});
  }
  return shapes;
}

void load_transformer_weights(const std::filesystem::path& folder, const TransformerConfig& config,
                              ParameterStore& parameters) {
  const WeightFiles files = WeightFiles::of_encoder(folder);
  std::map<std::string, std::string> names = name_map(files, encoder_family(config.family));
  for (const TensorShape& expected : tensor_shapes(config)) {
    const auto found = names.find(expected.name);
    if (found == names.end()) {
      throw DataError(fmt::format("{} lacks the tensor {}", files.path().string(), expected.name),
                      fmt::format("config.json describes {} layers of width {}", config.layers, config.width),
                      "fetch or export the folder again");
    }
    parameters.add(info_of(expected.name), files.read(found->second, expected.shape));
    names.erase(found);
  }
  if (names.empty()) return;
  const auto& [name, stored] = *names.begin();
  throw DataError(
      fmt::format("{} holds the tensor {}, which this encoder does not have", files.path().string(), stored),
      fmt::format("config.json describes {} layers of width {}; {} such tensors", config.layers, config.width,
                  names.size()),
      "config and weights must belong together");
}

NamedTensors read_pooler(const std::filesystem::path& folder, const EncoderFamily& family) {
  const WeightFiles files = WeightFiles::of_encoder(folder);
  NamedTensors pooler;
  for (const auto& [stored, tensor] : files.tensors()) {
    std::string name = canonical_name(stored, family);
    if (name.starts_with("pooler.")) pooler.emplace_back(std::move(name), files.read(stored));
  }
  return pooler;
}

}  // namespace coldframe
