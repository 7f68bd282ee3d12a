#pragma once

#include <exception>

namespace coldframe {

/// Whether all ranks know of this error, because agree_on_errors() threw it last on this thread: then they can leave
/// together, and one of them speaks for all.
bool agreed_on(const std::exception_ptr& error);

}  // namespace coldframe
