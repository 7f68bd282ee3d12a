#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/model/encoder.h"

namespace coldframe {

/// A linear map that a strategy changes.
struct LinearTarget {
  std::size_t index = 0;  // in linear_sites()
  LinearSite site;
  std::string module;  // path in the checkpoint: "encoder.layer.0.attention.self.query"
};

/// The maps in `layers` (all when empty) that some pattern names, ascending. ConfigError naming strategy.KIND.targets
/// with the nearest names, or strategy.KIND.layers.
std::vector<LinearTarget> linear_targets(const Encoder& encoder, const ParameterStore& parameters,
                                         const std::vector<std::string>& patterns,
                                         const std::vector<std::int64_t>& layers, std::string_view kind);

}  // namespace coldframe
