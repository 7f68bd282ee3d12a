#pragma once

#include <exception>

#include "framework/cli/subcommand.h"

namespace coldframe {

/// Exit code and wording of whatever was thrown.
Failure failure_of(const std::exception_ptr& thrown);

}  // namespace coldframe
