#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace coldframe {

/// One bottleneck under the path of the module it sits in ("encoder.layer.0.output").
struct BottleneckTensors {
  std::string module;
  at::Tensor down_weight;  // [m, D]
  at::Tensor down_bias;    // [m]
  at::Tensor up_weight;    // [D, m]
  at::Tensor up_bias;      // [D]
};

struct BottleneckFolder {
  std::int64_t reduction = 0;
  std::int64_t width = 0;
  std::string base_model;
  std::string base_sha256;  // encoder_digest(); empty when unknown
  std::vector<BottleneckTensors> adapters;
};

/// adapter_config.json (AdapterHub's seq_bn schema) and adapter.safetensors with AdapterHub's keys
/// MODULE.adapters.coldframe.adapter_down.0.weight. PEFT has no bottleneck adapters.
void write_adapterhub_folder(const std::filesystem::path& folder, const BottleneckFolder& adapter);
BottleneckFolder read_adapterhub_folder(const std::filesystem::path& folder);

}  // namespace coldframe
