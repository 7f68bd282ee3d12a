#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace coldframe {

/// One pair of LoRA matrices under the path of the module it changes ("encoder.layer.0.attention.self.query").
struct LoraPair {
  std::string module;
  at::Tensor a;  // [rank, in]
  at::Tensor b;  // [out, rank]
};

/// What a PEFT folder says about a LoRA adapter.
struct LoraFolder {
  std::int64_t rank = 0;
  double alpha = 0;
  double dropout = 0;
  std::string base_model;   // folder or hub name of the encoder
  std::string base_sha256;  // encoder_digest() of the weights it belongs to; empty when unknown
  std::vector<LoraPair> pairs;
};

/// adapter_config.json and adapter_model.safetensors as PEFT reads and writes them; the folder appears complete or not
/// at all. Reading refuses what is not plain LoRA (rank patterns, DoRA, rsLoRA, trained biases, further modules).
void write_peft_folder(const std::filesystem::path& folder, const LoraFolder& adapter);
LoraFolder read_peft_folder(const std::filesystem::path& folder);

}  // namespace coldframe
