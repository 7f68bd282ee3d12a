#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/model/adapter_tensors.h"
#include "framework/model/lora_site.h"
#include "framework/model/peft_folder.h"

namespace coldframe {

/// A LoRA or DoRA adapter as its PEFT folder describes it.
struct LoraForm {
  std::string key;  // of the options: "strategy.lora"
  std::int64_t rank = 0;
  double alpha = 0;
  double dropout = 0;
  bool rank_stabilized = false;
  bool dora = false;
  std::string bias = "none";
  std::vector<LoraSite> sites;
  std::vector<AdapterTensor> biases;  // trained ones of the encoder
};

/// What init = pissa or olora took out of W goes into the folder as an adapter of twice the rank on the pretrained
/// weights, scale [B, -taken_b] [A; taken_a], so that PEFT needs no changed encoder.
void write_lora_folder(const std::filesystem::path& folder, const AdapterBase& base, const LoraForm& form,
                       const ParameterStore& parameters);

/// The inverse, of folders of PEFT as well. DataError names what differs: base, rank, alpha, scaling, bias, DoRA,
/// modules.
void read_lora_folder(const std::filesystem::path& folder, std::string_view base_sha256, const LoraForm& form,
                      ParameterStore& parameters);

}  // namespace coldframe
