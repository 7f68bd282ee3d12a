#include "framework/model/peft_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/model/encoder_family.h"
#include "framework/model/shape.h"

namespace coldframe {
namespace {

constexpr const char* k_config_file = "adapter_config.json";
constexpr const char* k_weight_file = "adapter_model.safetensors";
constexpr const char* k_base_digest = "base_encoder_sha256";
constexpr std::string_view k_prefix = "base_model.model.";
constexpr std::string_view k_shared_prefix = "base_model.";  // tensors that all modules share, such as VeRA's

/// "base_model.model.bert.encoder.layer.0..." -> "encoder.layer.0..."; empty when no adapter tensor is named so.
std::string path_in_encoder(const std::string& stored) {
  if (stored == k_virtual_tokens) return stored;
  if (!stored.starts_with(k_shared_prefix)) return {};
  const std::string_view path(stored);
  return std::string(
      without_family(path.substr(path.starts_with(k_prefix) ? k_prefix.size() : k_shared_prefix.size())));
}

/// Which class of which module the encoder is, as PEFT writes it.
nlohmann::json auto_mapping(std::string_view family_name) {
  const EncoderFamily* family = find_family(family_name);
  if (family == nullptr) return nullptr;
  return {{"base_model_class", family->model_class},
          {"parent_library", fmt::format("transformers.models.{0}.modeling_{0}", family->name)}};
}

std::string stored_name(const std::string& name) {
  if (name == k_virtual_tokens) return name;
  const bool shared = name.find('.') == std::string::npos;
  return fmt::format("{}{}", shared ? k_shared_prefix : k_prefix, name);
}

}  // namespace

void write_peft_folder(const std::filesystem::path& folder, const AdapterBase& base, const nlohmann::json& config,
                       const NamedTensors& tensors, std::map<std::string, std::string> notes) {
  nlohmann::json whole = {{"task_type", "FEATURE_EXTRACTION"},
                          {"base_model_name_or_path", base.model},
                          {"revision", nullptr},
                          {"auto_mapping", auto_mapping(base.family)},
                          {"inference_mode", true},
                          {"modules_to_save", nullptr}};
  whole.update(config);
  NamedTensors stored;
  for (const auto& [name, tensor] : tensors) {
    stored.emplace_back(stored_name(name), tensor);
  }
  AtomicFolder target(folder, IfExists::replace);
  write_json(target.temporary() / k_config_file, whole);
  notes.emplace(k_base_digest, base.sha256);
  write_weights(target.temporary() / k_weight_file, stored, std::move(notes));
  target.commit();
}

PeftFolder::PeftFolder(const std::filesystem::path& folder, std::string_view peft_type)
    : folder_(folder), config_(folder / k_config_file), files_(folder / k_weight_file) {
  if (config_.text("peft_type") != peft_type) config_.reject("peft_type", fmt::format("must be {}", peft_type));
  if (config_.flag("fan_in_fan_out", false)) config_.reject("fan_in_fan_out", "matrices [in, out] are not supported");
  if (config_.has("modules_to_save") && !config_.json()["modules_to_save"].empty()) {
    config_.reject("modules_to_save", "only adapters are supported");
  }
  for (const auto& [stored, tensor] : files_.tensors()) {
    const std::string name = path_in_encoder(stored);
    if (name.empty()) {
      throw DataError(fmt::format("{} holds the tensor {}", files_.path().string(), stored),
                      "adapters are named base_model...");
    }
    stored_names_[name] = stored;
  }
}

std::string PeftFolder::note(const std::string& name) const {
  const auto found = files_.metadata().find(name);
  return found == files_.metadata().end() ? std::string() : found->second;
}

void PeftFolder::expect_base(std::string_view sha256) const {
  const std::string digest = note(k_base_digest);
  if (digest.empty() || digest == sha256) return;
  throw DataError(fmt::format("the adapter in {} was trained on another encoder", folder_.string()),
                  "the encoder at hand has other weights",
                  fmt::format("use {}", config_.text("base_model_name_or_path", "its own")));
}

at::Tensor PeftFolder::take(const std::string& name, at::IntArrayRef shape) {
  const auto found = stored_names_.find(name);
  if (found == stored_names_.end()) {
    throw DataError(fmt::format("the adapter in {} has no {}", folder_.string(), name), "the strategy trains it");
  }
  at::Tensor tensor = files_.read(found->second);
  expect_shape(tensor, shape, fmt::format("{} in {}", name, files_.path().string()));
  taken_.insert(name);
  return tensor;
}

void PeftFolder::expect_all_taken() const {
  for (const auto& [name, stored] : stored_names_) {
    if (taken_.contains(name) || name.starts_with("pooler.")) continue;  // no embedding passes through the pooler
    throw DataError(fmt::format("the adapter in {} also changes {}", folder_.string(), name),
                    "the strategy does not train it");
  }
}

}  // namespace coldframe
