#pragma once

#include "framework/model/lora_options.h"
#include "framework/model/strategy.h"

namespace coldframe {

/// LoRA (arXiv 2106.09685): lora_options.h has the formula.
StrategyEntry lora_strategy();

/// DoRA (arXiv 2402.09353): LoRA whose row norms are trained apart (dora_delta.h).
StrategyEntry dora_strategy();

}  // namespace coldframe
