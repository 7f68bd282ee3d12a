#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "framework/comm/comm_options.h"
#include "framework/comm/mpi/mpi_port.h"
#include "framework/comm/mpi/silence_ledger.h"
#include "framework/comm/position.h"

namespace coldframe::detail {

/// A thread that tells the watched ranks where this one is, hears the same from them, and ends the job when one has
/// been silent too long: it prints who (rank, host, phase, step), gives the computing thread a moment to notice
/// failed() in its wait and to record it, then calls MpiPort::abort with exit code 5. The first watcher of a silent
/// rank speaks; the others only if it does not. All of this fits into the deadline. A word is sent at least once per
/// heartbeat interval, and within a fifth of it when the position changed, so that what is known of a lost rank is
/// fresh. Thread-safety: all members. Borrows the port and the board, which must outlive it.
class Heartbeat {
 public:
  Heartbeat(MpiPort& port, const PositionBoard& board, const CommOptions& options);
  ~Heartbeat();

  void configure(const CommOptions& options);
  void set_hosts(std::vector<std::string> hosts);
  std::string host_of(int rank) const;
  /// Rank, host, and what it said last.
  std::string describe(int rank) const;

  bool failed() const { return failed_.load(std::memory_order_acquire); }
  /// Throws what failed, as ToldError when standard error has it already.
  [[noreturn]] void throw_failure() const;

  /// Says goodbye, waits until every watched rank has said it too, and ends the thread.
  void finish();

 private:
  struct Peer;
  void run();
  void listen(Peer& peer);
  void speak(Peer& peer);
  void judge();
  void accuse(const std::vector<int>& silent);
  std::string describe_locked(int rank) const;
  double margin_locked() const;

  MpiPort& port_;
  const PositionBoard& board_;
  std::vector<std::unique_ptr<Peer>> peers_;

  mutable std::mutex mutex_;  // guards everything below but the flags
  std::condition_variable wake_;
  CommOptions options_;
  std::vector<std::string> hosts_;
  SilenceLedger ledger_;
  std::string failure_;
  bool told_ = false;  // failure_ is on standard error
  double seconds_since_failure_ = 0;
  bool leaving_ = false;
  bool abandoned_ = false;
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

}  // namespace coldframe::detail
