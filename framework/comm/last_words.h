#pragma once

#include <string_view>

namespace coldframe::detail {

/// One line about this process, formatted in advance, so that a signal handler can still say who and where it was
/// ("rank 1 on node7 (phase training, step 17)") when nothing but write(2) is allowed.
/// Thread-safety: set by any thread; write_last_words() is async-signal-safe. Empty words write nothing.
void set_last_words(std::string_view words);
/// Writes "coldframe: <words> <what_happened>\n" to standard error in one call.
void write_last_words(std::string_view what_happened) noexcept;

}  // namespace coldframe::detail
