#pragma once

#include <string>
#include <vector>

#include "framework/cli/subcommand.h"

namespace coldframe {

/// docs/guide/configuration.md: every section that any subcommand reads, once, and who reads it. Printed by
/// `coldframe --configuration`.
std::string configuration_page(const std::vector<SubcommandEntry>& commands);

}  // namespace coldframe
