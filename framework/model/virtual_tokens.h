#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/model/encoder.h"
#include "framework/model/peft_folder.h"

namespace coldframe {

/// What a PEFT folder of a prefix or prompt says besides its values.
struct VirtualTokens {
  std::string key;        // of the options: "strategy.prefix"
  std::string peft_type;  // "PREFIX_TUNING", "PROMPT_TUNING"
  std::int64_t length = 0;
  std::string base_sha256;  // encoder_digest() of the encoder as it came
  std::map<std::string, std::string> notes = {};
};

/// values [length, C] float32: of a prompt its rows, of a prefix per token the keys and values of layer 0, 1, ...
/// `own`: configuration keys of that type alone.
void write_virtual_tokens(const std::filesystem::path& folder, const VirtualTokens& form, const nlohmann::json& own,
                          const at::Tensor& values, const Encoder& encoder,
                          const std::filesystem::path& encoder_folder);

/// DataError for another type, length, width or base. Also reads what PEFT saved, of a prefix the folded values.
at::Tensor read_virtual_tokens(PeftFolder& folder, const VirtualTokens& form, std::int64_t columns);

}  // namespace coldframe
