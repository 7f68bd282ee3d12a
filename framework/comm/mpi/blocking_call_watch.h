#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace coldframe::detail {

/// Guards a call that MPI lets block for ever (joining and leaving the job): when the guard lives longer than the
/// limit, the process says what it waits for and ends with exit code 5, and the launcher ends the rest.
class BlockingCallWatch {
 public:
  BlockingCallWatch(std::string waiting_for, double limit_seconds);
  ~BlockingCallWatch();
  BlockingCallWatch(const BlockingCallWatch&) = delete;
  BlockingCallWatch& operator=(const BlockingCallWatch&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable done_changed_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace coldframe::detail
