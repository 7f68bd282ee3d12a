#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>

#include "framework/model/json_object.h"
#include "framework/model/weight_files.h"

namespace coldframe {

/// The tensor of prefixes and prompts, which PEFT stores without a path.
constexpr std::string_view k_virtual_tokens = "prompt_embeddings";

/// The encoder that an adapter belongs to.
struct AdapterBase {
  std::string model;             // folder or hub name
  std::string sha256;            // encoder_digest() of its weights
  std::string_view family = {};  // Encoder::family(); empty: not written
};

/// Writes adapter_config.json and adapter_model.safetensors as PEFT reads them: `config` with peft_type and
/// target_modules, to which the keys that all kinds share are added, and tensors by their path in the encoder. `notes`
/// go into the metadata of the tensor file. The folder appears complete or not at all.
void write_peft_folder(const std::filesystem::path& folder, const AdapterBase& base, const nlohmann::json& config,
                       const NamedTensors& tensors, std::map<std::string, std::string> notes = {});

/// A folder that PEFT or write_peft_folder() wrote. Tensors are named by their path in the encoder, without
/// "base_model.model." and the family's "bert."; whoever reads it takes them one by one and asks at the end whether any
/// are left.
class PeftFolder {
 public:
  /// DataError for another kind than `peft_type` and for whole modules saved beside the adapter.
  PeftFolder(const std::filesystem::path& folder, std::string_view peft_type);

  const JsonObject& config() const { return config_; }
  const std::filesystem::path& path() const { return folder_; }
  /// DataError when the folder names another base than this encoder_digest(); folders of PEFT name none.
  void expect_base(std::string_view sha256) const;
  /// Empty when the folder has no such note; those of PEFT have none.
  std::string note(const std::string& name) const;
  bool holds(const std::string& name) const { return stored_names_.contains(name); }
  /// DataError naming the tensor when it is missing or has another shape.
  at::Tensor take(const std::string& name, at::IntArrayRef shape);
  /// DataError naming a tensor that was not taken.
  void expect_all_taken() const;

 private:
  std::filesystem::path folder_;
  JsonObject config_;
  WeightFiles files_;
  std::map<std::string, std::string> stored_names_;  // by path in the encoder
  std::set<std::string> taken_;
};

}  // namespace coldframe
