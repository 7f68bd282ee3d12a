#include "tests/benchmarks/job_main.h"

#include <iostream>
#include <string>
#include <vector>

#include "framework/core/command_line.h"
#include "framework/core/error.h"

namespace coldframe::bench {

int job_main(int argument_count, char** arguments, Options& options, const std::function<void()>& work) {
  try {
    const std::vector<std::string> words(arguments + 1, arguments + argument_count);
    if (parse_command_line(words, options, ConfigUse::none).help) {
      std::cout << options_help(options);
    } else {
      work();
    }
    return static_cast<int>(ExitCode::done);
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.exit_code());
  }
}

}  // namespace coldframe::bench
