#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "framework/model/bottleneck_delta.h"

namespace coldframe {

/// What the configuration of an AdapterHub folder says about a bottleneck adapter.
struct BottleneckForm {
  bool after_attention = false;
  bool after_feed_forward = true;
  BottleneckInput input = BottleneckInput::branch;
  std::string activation;
  double scale = 1;
  bool scale_trained = false;
  std::int64_t width = 0;  // of the bottleneck
  std::int64_t skip_layers = 0;
  std::int64_t products = 0;  // Kronecker products; 0: dense maps
  std::int64_t factor_rank = 1;
};

struct BottleneckFolder {
  BottleneckForm form;
  std::int64_t width = 0;  // of the encoder
  std::string family;      // of the encoder; empty when unknown
  std::string base_model;
  std::string base_sha256;  // encoder_digest(); empty when unknown
  std::map<std::string, at::Tensor> tensors;
};

/// MODULE.adapters.coldframe.PART, PART "adapter_down.0.weight", "adapter_up.W_left", "scaling", ...
std::string adapterhub_key(std::string_view module, std::string_view part);
/// What all adapters share: shared_parameters.coldframe.PART.
std::string adapterhub_shared_key(std::string_view part);

/// adapter_config.json (BnConfig of adapters 1.x) and adapter.safetensors with AdapterHub's keys; weights of the
/// encoder that were trained along stand beside them under their own names. PEFT has no bottleneck adapters.
void write_adapterhub_folder(const std::filesystem::path& folder, const BottleneckFolder& adapter);

/// Also reads what AdapterHub saved with use_safetensors=True, under any adapter name and of a bare or a task model;
/// names come back as adapterhub_key() makes them. Refuses what no bottleneck here computes (gates, own LayerNorms,
/// invertible adapters, dropout ...).
BottleneckFolder read_adapterhub_folder(const std::filesystem::path& folder);

/// DataError naming the family, or the first key of the configuration, that is not as `expected` has it.
void expect_form(const BottleneckFolder& found, const BottleneckFolder& expected, const std::filesystem::path& folder,
                 std::string_view section);

}  // namespace coldframe
