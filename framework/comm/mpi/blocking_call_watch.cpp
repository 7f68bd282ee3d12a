#include "framework/comm/mpi/blocking_call_watch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "framework/comm/position.h"
#include "framework/core/error.h"

namespace coldframe::detail {

BlockingCallWatch::BlockingCallWatch(std::string waiting_for, double limit_seconds) {
  thread_ = std::thread([this, what = std::move(waiting_for), limit_seconds] {
    std::unique_lock lock(mutex_);
    if (done_changed_.wait_for(lock, std::chrono::duration<double>(limit_seconds), [this] { return done_; })) return;
    const std::string line =
        fmt::format("coldframe: error: {} on {} took longer than {:g} s (another rank is missing)\n", what, this_host(),
                    limit_seconds);
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    ::_exit(static_cast<int>(ExitCode::distributed));
  });
}

BlockingCallWatch::~BlockingCallWatch() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  done_changed_.notify_all();
  thread_.join();
}

}  // namespace coldframe::detail
