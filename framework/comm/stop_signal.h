#pragma once

namespace coldframe {

/// The stop flag of this process: set by SIGTERM, SIGINT or SIGUSR1, or by hand (wall time), polled by the trainer,
/// which agrees with the other ranks, writes a checkpoint and ends with exit code 75.
bool stop_requested() noexcept;
/// The signal that set the flag; 0 when it was set by hand or not at all.
int stop_signal() noexcept;
void request_stop() noexcept;
void clear_stop_request() noexcept;

/// SIGTERM and fatal signals (abort, segmentation fault ...) write(2) the last words (see last_words.h) and then take
/// their course: what was installed before, or the end. For work that cannot be stopped half-way and gone on with.
void install_last_words();
/// The same for fatal signals; SIGTERM, SIGINT and SIGUSR1 set the flag instead, which somebody must poll. A second
/// SIGINT ends the process at once.
void install_stop_handlers();

}  // namespace coldframe
