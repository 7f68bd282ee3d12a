#pragma once

#include <filesystem>

namespace coldframe {

/// Makes SIGINT, SIGTERM and SIGHUP remove the temporaries of unfinished AtomicFiles before the process ends as it
/// would have. For commands that have nothing else to do on a signal (import); the trainer installs its own handlers.
void remove_temporaries_on_signals();

namespace detail {

/// `TARGET.tmp-HOST-PID-N`, known to the signal handler until released. Temporaries of the same target whose process is
/// dead are removed first.
std::filesystem::path claim_temporary_name(const std::filesystem::path& target);
void release_temporary_name(const std::filesystem::path& temporary);
/// The name that a path inside an unfinished AtomicFolder of this process is going to have, for messages.
std::filesystem::path final_name(const std::filesystem::path& path);

}  // namespace detail
}  // namespace coldframe
