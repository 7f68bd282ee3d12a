#pragma once

#include <functional>

#include "framework/core/options.h"

namespace coldframe::bench {

/// The main of a one-process job: reads its command line into `options`, prints help when asked, else works. Errors go
/// to stderr and become their exit code.
int job_main(int argument_count, char** arguments, Options& options, const std::function<void()>& work);

}  // namespace coldframe::bench
