#include "framework/model/peft_folder.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/json_object.h"
#include "framework/model/weight_files.h"

namespace coldframe {
namespace {

constexpr const char* k_config_file = "adapter_config.json";
constexpr const char* k_weight_file = "adapter_model.safetensors";
constexpr const char* k_base_digest = "base_encoder_sha256";
constexpr std::string_view k_prefix = "base_model.model.";
constexpr std::string_view k_a_suffix = ".lora_A.weight";
constexpr std::string_view k_b_suffix = ".lora_B.weight";

nlohmann::json config_of(const LoraFolder& adapter) {
  std::vector<std::string> modules;
  for (const LoraPair& pair : adapter.pairs) modules.push_back(pair.module);
  return {{"peft_type", "LORA"},
          {"task_type", "FEATURE_EXTRACTION"},
          {"base_model_name_or_path", adapter.base_model},
          {"revision", nullptr},
          {"auto_mapping", nullptr},
          {"inference_mode", true},
          {"r", adapter.rank},
          {"lora_alpha", adapter.alpha},
          {"lora_dropout", adapter.dropout},
          {"target_modules", modules},
          {"bias", "none"},
          {"fan_in_fan_out", false},
          {"init_lora_weights", true},
          {"use_rslora", false},
          {"use_dora", false},
          {"rank_pattern", nlohmann::json::object()},
          {"alpha_pattern", nlohmann::json::object()},
          {"layers_to_transform", nullptr},
          {"layers_pattern", nullptr},
          {"modules_to_save", nullptr}};
}

void expect_plain_lora(const JsonObject& config) {
  if (config.text("peft_type") != "LORA") config.reject("peft_type", "must be LORA");
  if (config.text("bias", "none") != "none") config.reject("bias", "trained biases are not supported");
  for (const char* key : {"use_rslora", "use_dora", "fan_in_fan_out", "lora_bias"}) {
    if (config.flag(key, false)) config.reject(key, "only plain LoRA is supported");
  }
  for (const char* key : {"rank_pattern", "alpha_pattern", "modules_to_save"}) {
    if (config.has(key) && !config.json()[key].empty()) config.reject(key, "one rank and alpha for all is supported");
  }
}

}  // namespace

void write_peft_folder(const std::filesystem::path& folder, const LoraFolder& adapter) {
  NamedTensors tensors;
  for (const LoraPair& pair : adapter.pairs) {
    tensors.emplace_back(fmt::format("{}{}{}", k_prefix, pair.module, k_a_suffix), pair.a);
    tensors.emplace_back(fmt::format("{}{}{}", k_prefix, pair.module, k_b_suffix), pair.b);
  }
  AtomicFolder target(folder, IfExists::replace);
  write_json(target.temporary() / k_config_file, config_of(adapter));
  write_weights(target.temporary() / k_weight_file, tensors, {{k_base_digest, adapter.base_sha256}});
  target.commit();
}

LoraFolder read_peft_folder(const std::filesystem::path& folder) {
  const JsonObject config(folder / k_config_file);
  expect_plain_lora(config);
  LoraFolder adapter;
  adapter.rank = config.integer("r", 1, 1 << 20);
  adapter.alpha = config.number("lora_alpha");
  adapter.dropout = config.number("lora_dropout", 0.0);
  adapter.base_model = config.text("base_model_name_or_path", "");
  const WeightFiles files(folder / k_weight_file);
  const auto digest = files.metadata().find(k_base_digest);
  if (digest != files.metadata().end()) adapter.base_sha256 = digest->second;
  std::map<std::string, LoraPair> pairs;
  for (const auto& [name, stored] : files.tensors()) {
    const bool is_a = name.ends_with(k_a_suffix);
    if (!name.starts_with(k_prefix) || !(is_a || name.ends_with(k_b_suffix))) {
      throw DataError(fmt::format("{} holds the tensor {}", files.path().string(), name),
                      "only pairs of lora_A and lora_B are supported");
    }
    std::string module = name.substr(k_prefix.size(), name.size() - k_prefix.size() - k_a_suffix.size());
    if (module.starts_with("bert.")) module.erase(0, 5);
    LoraPair& pair = pairs[module];
    (is_a ? pair.a : pair.b) = files.read(name);
  }
  for (auto& [module, pair] : pairs) {
    if (!pair.a.defined() || !pair.b.defined()) {
      throw DataError(fmt::format("{} holds only one of lora_A and lora_B of {}", files.path().string(), module));
    }
    pair.module = module;
    adapter.pairs.push_back(std::move(pair));
  }
  return adapter;
}

}  // namespace coldframe
