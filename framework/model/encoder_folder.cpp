#include "framework/model/encoder_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/json_object.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_largest = std::int64_t{1} << 24;

struct Module {
  std::string kind;  // last part of the Python type: "Transformer"
  std::filesystem::path path;
};

std::vector<Module> read_modules(const std::filesystem::path& file) {
  const nlohmann::json list = read_json(file);
  if (!list.is_array()) throw DataError(fmt::format("{} holds no list of modules", file.string()));
  std::vector<Module> modules;
  for (const nlohmann::json& entry : list) {
    const bool complete = entry.is_object() && entry.contains("type") && entry["type"].is_string() &&
                          entry.contains("path") && entry["path"].is_string();
    if (!complete) {
      throw DataError(fmt::format("entry {} of {} has no type or no path", modules.size(), file.string()),
                      "both must be texts");
    }
    const std::string type = entry["type"];
    modules.push_back({type.substr(type.rfind('.') + 1), file.parent_path() / entry["path"].get<std::string>()});
  }
  return modules;
}

/// Keys pooling_mode_*_tokens with exactly one true.
Pooling old_pooling(const JsonObject& config) {
  const bool mean = config.flag("pooling_mode_mean_tokens", false);
  const bool cls = config.flag("pooling_mode_cls_token", false);
  for (const auto& [key, value] : config.json().items()) {
    const bool other = key.starts_with("pooling_mode_") && key != "pooling_mode_mean_tokens" &&
                       key != "pooling_mode_cls_token" && config.flag(key, false);
    if (other) config.reject(key, "only mean and cls pooling are supported");
  }
  if (mean == cls) {
    config.reject("pooling_mode_mean_tokens",
                  fmt::format("exactly one of mean and cls pooling must be on, pooling_mode_cls_token = {}", cls));
  }
  return mean ? Pooling::mean : Pooling::cls;
}

void read_pooling(const std::filesystem::path& file, EncoderFolder& folder) {
  const JsonObject config(file);
  if (config.has("pooling_mode")) {
    const std::string mode = config.text("pooling_mode");
    if (mode != "mean" && mode != "cls") config.reject("pooling_mode", "only mean and cls pooling are supported");
    folder.pooling = mode == "mean" ? Pooling::mean : Pooling::cls;
  } else {
    folder.pooling = old_pooling(config);
  }
  if (!config.flag("include_prompt", true)) {
    config.reject("include_prompt", "pooling over a text without its prompt is not supported");
  }
  for (const char* key : {"word_embedding_dimension", "embedding_dimension"}) {
    if (config.has(key)) folder.pooled_width = config.integer(key, 1, k_largest);
  }
}

void read_modules_into(const std::filesystem::path& file, EncoderFolder& folder) {
  const std::vector<Module> modules = read_modules(file);
  std::string order;
  for (const Module& module : modules) order += (order.empty() ? "" : ", ") + module.kind;
  if (order != "Transformer, Pooling" && order != "Transformer, Pooling, Normalize") {
    throw DataError(fmt::format("{} lists the modules {}", file.string(), order.empty() ? "(none)" : order),
                    "only Transformer, Pooling and an optional Normalize, in this order, are supported");
  }
  folder.transformer = modules[0].path;
  read_pooling(modules[1].path / "config.json", folder);
  if (modules.size() == 3) folder.normalization = Normalization::unit_length;
}

}  // namespace

EncoderFolder read_encoder_folder(const std::filesystem::path& root) {
  if (!std::filesystem::is_directory(root)) {
    throw DataError(fmt::format("encoder.folder = {} is not a folder", root.string()),
                    "it must hold config.json and model.safetensors",
                    "run cluster/setup.sh, which unpacks the default encoder, or give another folder");
  }
  EncoderFolder folder;
  folder.root = root;
  folder.transformer = root;
  if (std::filesystem::exists(root / "modules.json")) read_modules_into(root / "modules.json", folder);
  const std::filesystem::path limits = folder.transformer / "sentence_bert_config.json";
  if (std::filesystem::exists(limits)) {
    const JsonObject config(limits);
    if (config.has("max_seq_length")) folder.max_tokens = config.integer("max_seq_length", 1, k_largest);
  }
  return folder;
}

}  // namespace coldframe
