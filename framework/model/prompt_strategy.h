#pragma once

#include <cstdint>
#include <string>

#include "framework/model/strategy.h"

namespace coldframe {

/// Prompt tuning (Lester et al., arXiv 2104.08691): `length` trained rows in front of the token rows of every text,
/// before [CLS] and with positions of their own, as PEFT has it. No vector is pooled over them.
struct PromptOptions final : Options {
  std::int64_t length = 20;
  std::string init = "vocabulary";  // vocabulary | normal

  void describe(OptionVisitor& visitor) override;
};

StrategyEntry prompt_strategy();

/// Rows that an attached prompt puts in front of every text; 0 without one.
std::int64_t prompt_length(const ParameterStore& parameters);

}  // namespace coldframe
