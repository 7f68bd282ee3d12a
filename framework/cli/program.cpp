#include "framework/cli/program.h"

#include <cstdio>
#include <iostream>
#include <utility>

#include "framework/cli/application.h"
#include "framework/cli/subcommands.h"
#include "framework/simulation/policy_registry.h"

namespace coldframe {
namespace {

// Commands are made from a table of functions without arguments, so what they all can use is known to the process.
Extensions& of_process() {
  static Extensions of_this_program;
  return of_this_program;
}

PolicyRegistry& policies_of_process() {
  static PolicyRegistry of_this_program;
  return of_this_program;
}

}  // namespace

int run_program(int argument_count, char** arguments, std::string revision, Extensions extensions) {
  // Line by line, so that tables and messages keep their order where both go to one file.
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  prepare_learning();
  of_process() = std::move(extensions);
  if (of_process().policies) of_process().policies(policies_of_process());
  const SystemClock clock;
  const std::vector<std::string> words(arguments + 1, arguments + argument_count);
  return Application(subcommands(), clock, std::move(revision), std::cout).run(words);
}

const Extensions& extensions() { return of_process(); }

const PolicyRegistry& own_policies() { return policies_of_process(); }

}  // namespace coldframe
