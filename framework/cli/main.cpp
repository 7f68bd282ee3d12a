#include "framework/cli/program.h"
#include "framework/cli/revision.h"

int main(int argument_count, char** arguments) {
  return coldframe::run_program(argument_count, arguments, coldframe::source_revision());
}
