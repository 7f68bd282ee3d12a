#pragma once

#include <nlohmann/json_fwd.hpp>

namespace coldframe {

/// What a run was trained with, from its stored configuration {section: {key: value}}, in a form in which runs can be
/// set side by side: options that change no result are left out; those that the configuration does not name, because
/// they came later, stand at their default; of strategies and objectives only those in use are there. What this program
/// does not know is kept as it is. A build without the learning layers returns the configuration.
nlohmann::json trained_settings(const nlohmann::json& config);

}  // namespace coldframe
