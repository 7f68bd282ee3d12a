#include "framework/model/bert_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::string_view k_token_table = "embeddings.word_embeddings.weight";

void add_linear(std::vector<TensorShape>& shapes, const std::string& module, std::int64_t out, std::int64_t in) {
  shapes.push_back({module + ".weight", {out, in}});
  shapes.push_back({module + ".bias", {out}});
}

void add_norm(std::vector<TensorShape>& shapes, const std::string& module, std::int64_t width) {
  shapes.push_back({module + ".weight", {width}});
  shapes.push_back({module + ".bias", {width}});
}

/// Heads and buffers that take no part in embeddings.
bool is_left_out(std::string_view name) {
  constexpr std::array<std::string_view, 5> left_out = {"pooler.", "cls.", "classifier.", "qa_outputs.",
                                                        "embeddings.position_ids"};
  return std::any_of(left_out.begin(), left_out.end(), [&](std::string_view start) { return name.starts_with(start); });
}

/// "bert.encoder.layer.0.output.LayerNorm.gamma" -> "encoder.layer.0.output.LayerNorm.weight".
std::string canonical_name(std::string_view stored) {
  constexpr std::string_view prefix = "bert.";
  constexpr std::string_view gamma = ".LayerNorm.gamma";
  constexpr std::string_view beta = ".LayerNorm.beta";
  std::string name(stored.starts_with(prefix) ? stored.substr(prefix.size()) : stored);
  if (name.ends_with(gamma)) name.replace(name.size() - 5, 5, "weight");
  if (name.ends_with(beta)) name.replace(name.size() - 4, 4, "bias");
  return name;
}

ParameterInfo info_of(const std::string& name) {
  ParameterInfo info;
  info.name = name;
  info.decay = !name.ends_with(".bias") && name.find("LayerNorm") == std::string::npos;
  info.sparse_rows = name == k_token_table;
  return info;
}

/// Canonical to stored name, without what is left out.
std::map<std::string, std::string> name_map(const WeightFiles& files) {
  std::map<std::string, std::string> names;
  for (const auto& [stored, tensor] : files.tensors()) {
    const std::string name = canonical_name(stored);
    if (is_left_out(name)) continue;
    if (!names.emplace(name, stored).second) {
      throw DataError(
          fmt::format("{} holds {} twice, as {} and as {}", files.path().string(), name, names[name], stored),
          "a weight has one name");
    }
  }
  return names;
}

}  // namespace

std::vector<TensorShape> bert_tensor_shapes(const BertConfig& config) {
  std::vector<TensorShape> shapes = {
      {std::string(k_token_table), {config.vocabulary, config.width}},
      {"embeddings.position_embeddings.weight", {config.positions, config.width}},
      {"embeddings.token_type_embeddings.weight", {config.token_types, config.width}},
  };
  add_norm(shapes, "embeddings.LayerNorm", config.width);
  for (std::int64_t layer = 0; layer < config.layers; ++layer) {
    const std::string module = fmt::format("encoder.layer.{}.", layer);
    for (const char* map : {"query", "key", "value"}) {
      add_linear(shapes, module + "attention.self." + map, config.width, config.width);
    }
    add_linear(shapes, module + "attention.output.dense", config.width, config.width);
    add_norm(shapes, module + "attention.output.LayerNorm", config.width);
    add_linear(shapes, module + "intermediate.dense", config.inner_width, config.width);
    add_linear(shapes, module + "output.dense", config.width, config.inner_width);
    add_norm(shapes, module + "output.LayerNorm", config.width);
  }
  return shapes;
}

void load_bert_weights(const std::filesystem::path& folder, const BertConfig& config, ParameterStore& parameters) {
  const WeightFiles files = WeightFiles::of_encoder(folder);
  std::map<std::string, std::string> names = name_map(files);
  for (const TensorShape& expected : bert_tensor_shapes(config)) {
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

NamedTensors read_bert_pooler(const std::filesystem::path& folder) {
  const WeightFiles files = WeightFiles::of_encoder(folder);
  NamedTensors pooler;
  for (const auto& [stored, tensor] : files.tensors()) {
    std::string name = canonical_name(stored);
    if (name.starts_with("pooler.")) pooler.emplace_back(std::move(name), files.read(stored));
  }
  return pooler;
}

}  // namespace coldframe
