#pragma once

#include "framework/model/adalora_options.h"
#include "framework/model/strategy.h"

namespace coldframe {

StrategyEntry adalora_strategy();

}  // namespace coldframe
