#include "framework/cli/subcommands.h"

namespace coldframe {

void append_learning_commands(std::vector<SubcommandEntry>& table) {
  table.push_back({"train", "fine-tune an encoder on one or several ranks", make_train_command});
  table.push_back({"evaluate", "rank items for real held-out newcomers", make_evaluate_command});
}

}  // namespace coldframe
