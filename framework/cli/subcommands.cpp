#include "framework/cli/subcommands.h"

namespace coldframe {

std::vector<SubcommandEntry> subcommands() {
  std::vector<SubcommandEntry> table = {
      {"import", "read a data set from its source files into a dataset store", make_import_command},
  };
  append_learning_commands(table);
  append_report_commands(table);
  return table;
}

}  // namespace coldframe
