#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "framework/model/peft_folder.h"

namespace coldframe {

/// What the PEFT folders of LoHa and LoKr have in common.
struct LycorisForm {
  std::string peft_type;  // "LOHA"
  std::string key;        // of the options: "strategy.loha"
  std::int64_t rank = 0;
  double alpha = 0;
  std::vector<std::string> modules;
};

nlohmann::json lycoris_config(const LycorisForm& form);

/// DataError naming the module whose rank or alpha differs in the folder.
void expect_lycoris(const PeftFolder& folder, const LycorisForm& form);

}  // namespace coldframe
