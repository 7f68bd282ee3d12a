#include "framework/cli/subcommands.h"

namespace coldframe {

void append_learning_commands(std::vector<SubcommandEntry>&) {}
void prepare_learning() {}

}  // namespace coldframe
