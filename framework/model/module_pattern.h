#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "framework/model/json_object.h"

namespace coldframe {

/// The number that a PEFT pattern such as {"attention.self.query": 16} gives to a module: the first key, a regular
/// expression, that matches its whole path or an ending of it after a dot; `otherwise` when none does or the config has
/// no such pattern. DataError for what is no pattern.
double number_of_module(const JsonObject& config, const std::string& pattern_key, const std::string& module,
                        double otherwise);

}  // namespace coldframe
