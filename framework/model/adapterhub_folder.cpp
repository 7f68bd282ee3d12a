#include "framework/model/adapterhub_folder.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/encoder_family.h"
#include "framework/model/json_object.h"
#include "framework/model/weight_files.h"

namespace coldframe {
namespace {

constexpr const char* k_config_file = "adapter_config.json";
constexpr const char* k_weight_file = "adapter.safetensors";
constexpr const char* k_base_digest = "base_encoder_sha256";
constexpr const char* k_adapter_name = "coldframe";

/// What every bottleneck here has in common; an absent key has this value in AdapterHub too.
nlohmann::json common_config() {
  return {{"original_ln_after", true},
          {"ln_before", false},
          {"ln_after", false},
          {"residual_before_ln", true},
          {"adapter_residual_before_ln", false},
          {"use_gating", false},
          {"dropout", 0.0},
          {"inv_adapter", nullptr},
          {"cross_adapter", false},
          {"stochastic_depth", 0.0}};
}

nlohmann::json common_kronecker_config() {
  return {{"factorized_phm_W", true},
          {"shared_W_phm", false},
          {"shared_phm_rule", true},
          {"factorized_phm_rule", false},
          {"phm_bias", true}};
}

/// AdapterHub's width of the bottleneck is floor(width of the encoder / factor).
nlohmann::json reduction_factor(std::int64_t width, std::int64_t bottleneck) {
  if (width % bottleneck == 0) return width / bottleneck;
  return static_cast<double>(width) / (static_cast<double>(bottleneck) + 0.5);
}

nlohmann::json bottleneck_config(const BottleneckFolder& adapter) {
  const BottleneckForm& form = adapter.form;
  nlohmann::json config = common_config();
  config["architecture"] = nullptr;
  config["mh_adapter"] = form.after_attention;
  config["output_adapter"] = form.after_feed_forward;
  config["reduction_factor"] = reduction_factor(adapter.width, form.width);
  config["non_linearity"] = form.activation;
  config["original_ln_before"] = form.input == BottleneckInput::normalized;
  config["is_parallel"] = form.input == BottleneckInput::residual;
  config["scaling"] = form.scale_trained ? nlohmann::json("learned") : nlohmann::json(form.scale);
  config["init_weights"] = form.input == BottleneckInput::residual ? "mam_adapter" : "bert";
  config["leave_out"] = nlohmann::json::array();
  for (std::int64_t layer = 0; layer < form.skip_layers; ++layer) config["leave_out"].push_back(layer);
  config["phm_layer"] = form.products > 0;
  if (form.products > 0) {
    config.update(common_kronecker_config());
    config["phm_dim"] = form.products;
    config["phm_rank"] = form.factor_rank;
  }
  return config;
}

class ConfigReader {
 public:
  ConfigReader(const JsonObject& file, const nlohmann::json& config) : file_(file), config_(config) {}

  BottleneckForm form(std::int64_t width) const {
    expect(common_config());
    BottleneckForm form;
    form.after_attention = value("mh_adapter", false);
    form.after_feed_forward = value("output_adapter", true);
    const bool parallel = value("is_parallel", false), normalized = value("original_ln_before", false);
    form.input = parallel     ? BottleneckInput::residual
                 : normalized ? BottleneckInput::normalized
                              : BottleneckInput::branch;
    form.activation = value("non_linearity", std::string("relu"));
    if (form.activation == "silu") form.activation = "swish";
    form.scale_trained = config_.contains("scaling") && config_["scaling"] == "learned";
    if (!form.scale_trained) form.scale = value("scaling", 1.0);
    form.width = static_cast<std::int64_t>(std::floor(static_cast<double>(width) / value("reduction_factor", 0.0)));
    const auto left_out = value("leave_out", std::vector<std::int64_t>());
    for (std::size_t i = 0; i < left_out.size(); ++i) {
      if (left_out[i] != static_cast<std::int64_t>(i)) reject("leave_out", "only the lowest layers can be left out");
    }
    form.skip_layers = static_cast<std::int64_t>(left_out.size());
    if (value("phm_layer", false)) {
      expect(common_kronecker_config());
      form.products = value("phm_dim", std::int64_t{4});
      form.factor_rank = value("phm_rank", std::int64_t{1});
    }
    return form;
  }

 private:
  [[noreturn]] void reject(const std::string& key, std::string_view why) const {
    throw DataError(fmt::format("config.{} = {} in {}", key, config_.at(key).dump(), file_.file().string()),
                    std::string(why));
  }

  void expect(const nlohmann::json& values) const {
    for (const auto& [key, expected] : values.items()) {
      if (config_.contains(key) && config_[key] != expected)
        reject(key, fmt::format("only {} is supported", expected.dump()));
    }
  }

  template <class T>
  T value(const std::string& key, T when_absent) const {
    if (!config_.contains(key) || config_[key].is_null()) return when_absent;
    try {
      return config_[key].get<T>();
    } catch (const nlohmann::json::exception&) {
      reject(key, "it has another type in bottleneck adapters of one width");
    }
  }

  const JsonObject& file_;
  const nlohmann::json& config_;
};

/// "bert.encoder.layer.0.output.adapters.NAME.adapter_up.bias" -> the same under our name and without "bert.".
std::string normalized_key(std::string key, const std::string& adapter, const std::string& model_type) {
  if (!model_type.empty() && key.starts_with(model_type + ".")) key.erase(0, model_type.size() + 1);
  for (const char* stem : {".adapters.", "shared_parameters."}) {
    const std::string old = stem + adapter + ".";
    const std::size_t at = key.find(old);
    if (at != std::string::npos) key.replace(at, old.size(), std::string(stem) + k_adapter_name + ".");
  }
  return key;
}

}  // namespace

std::string adapterhub_key(std::string_view module, std::string_view part) {
  return fmt::format("{}.adapters.{}.{}", module, k_adapter_name, part);
}

std::string adapterhub_shared_key(std::string_view part) {
  return fmt::format("shared_parameters.{}.{}", k_adapter_name, part);
}

void write_adapterhub_folder(const std::filesystem::path& folder, const BottleneckFolder& adapter) {
  const EncoderFamily* family = find_family(adapter.family);
  const nlohmann::json config = {{"name", k_adapter_name},
                                 {"model_type", adapter.family},
                                 {"model_class", family == nullptr ? "" : family->model_class},
                                 {"model_name", adapter.base_model},
                                 {"hidden_size", adapter.width},
                                 {"config_id", nullptr},
                                 {"config", bottleneck_config(adapter)}};
  AtomicFolder target(folder, IfExists::replace);
  write_json(target.temporary() / k_config_file, config);
  write_weights(target.temporary() / k_weight_file, {adapter.tensors.begin(), adapter.tensors.end()},
                {{k_base_digest, adapter.base_sha256}});
  target.commit();
}

BottleneckFolder read_adapterhub_folder(const std::filesystem::path& folder) {
  const JsonObject config(folder / k_config_file);
  if (!config.has("config") || !config.json()["config"].is_object() ||
      !config.json()["config"].value("reduction_factor", nlohmann::json()).is_number()) {
    throw DataError(fmt::format("{} holds no bottleneck adapter", config.file().string()),
                    "config.reduction_factor is missing or no number");
  }
  BottleneckFolder adapter;
  adapter.width = config.integer("hidden_size", 1, 1 << 24);
  adapter.form = ConfigReader(config, config.json()["config"]).form(adapter.width);
  adapter.base_model = config.text("model_name", "");
  adapter.family = config.text("model_type", "");
  if (!std::filesystem::exists(folder / k_weight_file) && std::filesystem::exists(folder / "pytorch_adapter.bin")) {
    throw DataError(fmt::format("{} holds a pickle, pytorch_adapter.bin", folder.string()), "only safetensors are read",
                    "save the adapter with use_safetensors=True");
  }
  const WeightFiles files(folder / k_weight_file);
  const auto digest = files.metadata().find(k_base_digest);
  if (digest != files.metadata().end()) adapter.base_sha256 = digest->second;
  const std::string name = config.text("name", k_adapter_name);
  for (const auto& [key, stored] : files.tensors()) {
    adapter.tensors.emplace(normalized_key(key, name, adapter.family), files.read(key));
  }
  return adapter;
}

void expect_form(const BottleneckFolder& found, const BottleneckFolder& expected, const std::filesystem::path& folder,
                 std::string_view section) {
  if (!found.family.empty() && found.family != expected.family) {
    throw DataError(fmt::format("the adapter in {} is for encoders of the family {}", folder.string(), found.family),
                    fmt::format("the encoder at hand is of the family {}", expected.family));
  }
  const nlohmann::json theirs = bottleneck_config(found), ours = bottleneck_config(expected);
  for (const auto& [key, value] : ours.items()) {
    if (key == "init_weights") continue;  // follows from is_parallel here, and says nothing about a trained adapter
    if (theirs.contains(key) && theirs.at(key) == value) continue;
    throw DataError(
        fmt::format("the adapter in {} has {} = {}", folder.string(), key, theirs.value(key, nlohmann::json()).dump()),
        fmt::format("{} has {}", section, value.dump()));
  }
}

}  // namespace coldframe
