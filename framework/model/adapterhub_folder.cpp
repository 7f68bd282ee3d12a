#include "framework/model/adapterhub_folder.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/json_object.h"
#include "framework/model/weight_files.h"

namespace coldframe {
namespace {

constexpr const char* k_config_file = "adapter_config.json";
constexpr const char* k_weight_file = "adapter.safetensors";
constexpr const char* k_base_digest = "base_encoder_sha256";
constexpr const char* k_adapter_name = "coldframe";

struct Part {
  std::string_view key;
  at::Tensor BottleneckTensors::*tensor;
};

constexpr std::array<Part, 4> k_parts = {{{"adapter_down.0.weight", &BottleneckTensors::down_weight},
                                          {"adapter_down.0.bias", &BottleneckTensors::down_bias},
                                          {"adapter_up.weight", &BottleneckTensors::up_weight},
                                          {"adapter_up.bias", &BottleneckTensors::up_bias}}};

std::string middle() { return fmt::format(".adapters.{}.", k_adapter_name); }

/// AdapterHub's seq_bn: one bottleneck after the feed-forward output, residual taken before the first LayerNorm.
nlohmann::json config_of(const BottleneckFolder& adapter) {
  return {{"name", k_adapter_name},
          {"model_type", "bert"},
          {"model_class", "BertModel"},
          {"model_name", adapter.base_model},
          {"hidden_size", adapter.width},
          {"config_id", nullptr},
          {"config",
           {{"architecture", nullptr},
            {"mh_adapter", false},
            {"output_adapter", true},
            {"reduction_factor", adapter.reduction},
            {"non_linearity", "relu"},
            {"original_ln_before", true},
            {"original_ln_after", true},
            {"ln_before", false},
            {"ln_after", false},
            {"residual_before_ln", true},
            {"adapter_residual_before_ln", false},
            {"is_parallel", false},
            {"scaling", 1.0},
            {"use_gating", false},
            {"dropout", 0.0},
            {"init_weights", "bert"},
            {"inv_adapter", nullptr},
            {"leave_out", nlohmann::json::array()}}}};
}

}  // namespace

void write_adapterhub_folder(const std::filesystem::path& folder, const BottleneckFolder& adapter) {
  NamedTensors tensors;
  for (const BottleneckTensors& bottleneck : adapter.adapters) {
    for (const Part& part : k_parts) {
      tensors.emplace_back(fmt::format("{}{}{}", bottleneck.module, middle(), part.key), bottleneck.*part.tensor);
    }
  }
  AtomicFolder target(folder, IfExists::replace);
  write_json(target.temporary() / k_config_file, config_of(adapter));
  write_weights(target.temporary() / k_weight_file, tensors, {{k_base_digest, adapter.base_sha256}});
  target.commit();
}

BottleneckFolder read_adapterhub_folder(const std::filesystem::path& folder) {
  const JsonObject config(folder / k_config_file);
  if (!config.has("config") || !config.json()["config"].is_object() ||
      !config.json()["config"].value("reduction_factor", nlohmann::json()).is_number_integer()) {
    throw DataError(fmt::format("{} holds no bottleneck adapter", config.file().string()),
                    "config.reduction_factor is missing");
  }
  BottleneckFolder adapter;
  adapter.reduction = config.json()["config"]["reduction_factor"].get<std::int64_t>();
  adapter.width = config.integer("hidden_size", 1, 1 << 24);
  adapter.base_model = config.text("model_name", "");
  const WeightFiles files(folder / k_weight_file);
  const auto digest = files.metadata().find(k_base_digest);
  if (digest != files.metadata().end()) adapter.base_sha256 = digest->second;
  std::map<std::string, BottleneckTensors> bottlenecks;
  for (const auto& [name, stored] : files.tensors()) {
    const std::size_t at = name.find(middle());
    const std::string key = at == std::string::npos ? "" : name.substr(at + middle().size());
    bool known = false;
    for (const Part& part : k_parts) {
      if (key != part.key) continue;
      BottleneckTensors& bottleneck = bottlenecks[name.substr(0, at)];
      bottleneck.*part.tensor = files.read(name);
      known = true;
    }
    if (!known) {
      throw DataError(fmt::format("{} holds the tensor {}", files.path().string(), name),
                      "it is no part of a bottleneck adapter");
    }
  }
  for (auto& [module, bottleneck] : bottlenecks) {
    for (const Part& part : k_parts) {
      if ((bottleneck.*part.tensor).defined()) continue;
      throw DataError(fmt::format("{} lacks the tensor {}{}{}", files.path().string(), module, middle(), part.key));
    }
    bottleneck.module = module;
    adapter.adapters.push_back(std::move(bottleneck));
  }
  return adapter;
}

}  // namespace coldframe
