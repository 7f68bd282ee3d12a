#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coldframe {

/// Threads that each compute whole tasks (lanes, loss blocks, chunks of texts) with one intra-op thread, so that the bits
/// of a task do not depend on how many there are. With one thread the caller does the work.
/// Thread-safety: one caller of run() at a time.
class LanePool {
 public:
  /// `threads` >= 1, the caller counted in. Sets the caller's intra-op threads to one as well.
  explicit LanePool(int threads);
  ~LanePool();
  LanePool(const LanePool&) = delete;
  LanePool& operator=(const LanePool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  /// Calls task(0) .. task(count - 1), each once, on any thread; returns when all are done. When tasks threw, the
  /// exception of the lowest index is rethrown.
  void run(std::size_t count, const std::function<void(std::size_t)>& task);

 private:
  void work();
  void drain();

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* task_ = nullptr;
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  std::size_t unfinished_ = 0;
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  std::vector<std::exception_ptr> errors_;
};

}  // namespace coldframe
