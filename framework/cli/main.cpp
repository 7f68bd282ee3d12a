#include <iostream>

#include "framework/cli/application.h"
#include "framework/cli/revision.h"
#include "framework/cli/subcommands.h"
#include "framework/model/tensor_memory.h"

int main(int argument_count, char** arguments) {
  coldframe::keep_tensor_memory();
  const coldframe::SystemClock clock;
  const std::vector<std::string> words(arguments + 1, arguments + argument_count);
  return coldframe::Application(coldframe::subcommands(), clock, coldframe::source_revision(), std::cout).run(words);
}
