#include <cstdio>
#include <iostream>

#include "framework/cli/application.h"
#include "framework/cli/revision.h"
#include "framework/cli/subcommands.h"
#include "framework/model/tensor_memory.h"

int main(int argument_count, char** arguments) {
  // Line by line, so that tables and messages keep their order where both go to one file.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  coldframe::keep_tensor_memory();
  const coldframe::SystemClock clock;
  const std::vector<std::string> words(arguments + 1, arguments + argument_count);
  return coldframe::Application(coldframe::subcommands(), clock, coldframe::source_revision(), std::cout).run(words);
}
