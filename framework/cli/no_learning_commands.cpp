#include "framework/cli/subcommands.h"

namespace coldframe {

void append_learning_commands(std::vector<SubcommandEntry>&) {}

}  // namespace coldframe
