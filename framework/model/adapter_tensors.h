#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/model/parameters.h"
#include "framework/model/peft_folder.h"

namespace coldframe {

/// Where a parameter lies in a PEFT folder.
struct AdapterTensor {
  std::string name;  // "encoder.layer.0.attention.self.query.lora_A.weight"
  ParameterIndex parameter = -1;
  std::vector<std::int64_t> shape = {};  // there, when it is another one of as many elements
};

/// Values as they are written.
NamedTensors stored_values(const std::vector<AdapterTensor>& tensors, const ParameterStore& parameters);

/// Takes all of them out of the folder and copies them once every one has the expected shape and none is left over.
void read_values(PeftFolder& folder, const std::vector<AdapterTensor>& tensors, ParameterStore& parameters);

}  // namespace coldframe
