#include <nlohmann/json.hpp>

#include "framework/cli/subcommands.h"
#include "framework/cli/trained_settings.h"

namespace coldframe {

void append_learning_commands(std::vector<SubcommandEntry>&) {}
void prepare_learning() {}
nlohmann::json trained_settings(const nlohmann::json& config) { return config; }

}  // namespace coldframe
