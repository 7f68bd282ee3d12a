#pragma once

#include <exception>

#include "framework/core/error.h"

namespace coldframe {

/// A failure that the communication thread has written to standard error already, before the computing thread learns
/// of it.
class ToldError final : public DistributedError {
 public:
  using DistributedError::DistributedError;
};

/// Whether all ranks know of this error, because agree_on_errors() threw it last on this thread: then they can leave
/// together, and one of them speaks for all.
bool agreed_on(const std::exception_ptr& error);
bool told(const std::exception_ptr& error);

}  // namespace coldframe
