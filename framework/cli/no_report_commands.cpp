#include "framework/cli/subcommands.h"

namespace coldframe {

void append_report_commands(std::vector<SubcommandEntry>&) {}

}  // namespace coldframe
