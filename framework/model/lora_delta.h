#pragma once

#include <memory>

#include "framework/model/encoder.h"
#include "framework/model/keyed_dropout.h"
#include "framework/model/lora_site.h"

namespace coldframe {

/// y + scale B A drop(x) (LoRA, arXiv 2106.09685). Thread-safe.
std::shared_ptr<const SiteDelta> make_lora_delta(LoraSite site, DropoutSite dropout);

}  // namespace coldframe
