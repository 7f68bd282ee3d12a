#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// Indices of the encoder's weights that are trained, ascending.
using WeightSelector = std::function<std::vector<ParameterIndex>(const Encoder&, const ParameterStore&)>;

/// Trains a selection of the encoder's own weights and adds none. Nothing needs merging; what was trained is saved as
/// changed_weights_folder.h says.
std::unique_ptr<Strategy> make_own_weights_strategy(std::string kind, WeightSelector select);

}  // namespace coldframe
