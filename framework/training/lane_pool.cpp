#include "framework/training/lane_pool.h"

#include <ATen/Parallel.h>

#include "framework/core/error.h"

namespace coldframe {

LanePool::LanePool(int threads) {
  CF_EXPECTS(threads >= 1);
  at::set_num_threads(1);
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

LanePool::~LanePool() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void LanePool::run(std::size_t count, const std::function<void(std::size_t)>& task) {
  {
    const std::scoped_lock lock(mutex_);
    task_ = &task;
    count_ = count;
    next_ = 0;
    unfinished_ = count;
    errors_.assign(count, nullptr);
    ++generation_;
  }
  wake_.notify_all();
  drain();
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return unfinished_ == 0; });
  task_ = nullptr;
  for (const std::exception_ptr& error : errors_) {
    if (error) std::rethrow_exception(error);
  }
}

void LanePool::drain() {
  while (true) {
    std::size_t index = 0;
    {
      const std::scoped_lock lock(mutex_);
      if (task_ == nullptr || next_ >= count_) return;
      index = next_++;
    }
    std::exception_ptr error;
    try {
      (*task_)(index);
    } catch (...) {
      error = std::current_exception();
    }
    const std::scoped_lock lock(mutex_);
    errors_[index] = error;
    if (--unfinished_ == 0) done_.notify_all();
  }
}

void LanePool::work() {
  at::set_num_threads(1);
  std::uint64_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
    }
    drain();
  }
}

}  // namespace coldframe
