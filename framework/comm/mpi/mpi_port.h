#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

namespace coldframe::detail {

/// Every MPI call of Coldframe. No call here blocks, except the constructor, leave() and abort(): messages are started
/// and tested. One lock orders the calls, so MPI needs to provide no more than MPI_THREAD_SERIALIZED, and the
/// computing thread moves its own messages without handing them to another thread
/// (docs/decisions/0004-one-lock-around-mpi.md). Thread-safety: all members. An urgent caller (the heartbeat) is let in
/// before a caller that tests in a loop.
class MpiPort {
 public:
  enum class Channel { data, control };
  enum class Urgency { normal, urgent };

  /// A started message. The bytes must stay where they are until test() has reported its arrival.
  struct Message {
    std::uintptr_t request = 0;
    bool active = false;
  };
  struct Arrival {
    std::size_t bytes = 0;  // of a receive
    int tag = 0;
  };

  MpiPort();
  MpiPort(const MpiPort&) = delete;
  MpiPort& operator=(const MpiPort&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  Message start_send(Channel channel, int peer, int tag, std::span<const std::byte> bytes, Urgency urgency);
  Message start_receive(Channel channel, int peer, std::span<std::byte> bytes, Urgency urgency);
  /// The arrival, once; throws DistributedError when MPI reports an error.
  std::optional<Arrival> test(Message& message, Urgency urgency);

  /// Gives a started receive up, so that its bytes may be freed; for the way out after an error.
  void cancel_receive(Message& message);

  /// Collective and blocking.
  void leave();
  [[noreturn]] void abort(int exit_code);

 private:
  class Turn;
  std::timed_mutex mutex_;
  std::atomic<bool> urgent_waits_{false};
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace coldframe::detail
