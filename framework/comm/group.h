#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

/// What one rank knows how to do with another: the seam between collectives (ours, the same for every backend) and
/// transports (one rank, threads as virtual ranks, MPI). Every wait has a deadline; when it passes, DistributedError
/// names the rank, its host, and the phase and step it reported last.
/// Thread-safety: one caller at a time. Messages between a pair of ranks arrive in the order sent.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Sends to and receives from the same peer at the same time; either span may be empty. Spans must not overlap.
  virtual void exchange(int peer, std::span<const std::byte> send, std::span<std::byte> receive) = 0;
  /// "where am I": shown in diagnostics of this and of other ranks.
  virtual void report_position(std::string_view phase, std::int64_t step) = 0;
  virtual std::string host_of(int rank) const = 0;
};

/// A value that stands for the ranks that work together. Copies share the transport.
class Group {
 public:
  /// The group of one rank: every collective returns at once.
  Group();
  explicit Group(std::shared_ptr<Transport> transport);

  int rank() const { return transport_->rank(); }
  int size() const { return transport_->size(); }
  bool is_root() const { return rank() == 0; }
  std::string host_of(int rank) const { return transport_->host_of(rank); }

  void send(int peer, std::span<const std::byte> bytes) const;
  void receive(int peer, std::span<std::byte> bytes) const;
  void exchange(int peer, std::span<const std::byte> send, std::span<std::byte> receive) const;
  void report_position(std::string_view phase, std::int64_t step) const;

 private:
  std::shared_ptr<Transport> transport_;
};

// Collectives, all built from exchanges, so that every backend runs the same code. All ranks must call them in the
// same order.
void barrier(const Group& group);
void broadcast(const Group& group, int root, std::span<std::byte> bytes);
std::string broadcast_text(const Group& group, int root, std::string text);
/// Every rank's bytes, by rank; lengths may differ.
std::vector<std::vector<std::byte>> all_gather(const Group& group, std::span<const std::byte> bytes);
std::vector<std::string> all_gather_text(const Group& group, std::string_view text);
bool any_rank(const Group& group, bool mine);

/// Runs `work` and lets all ranks agree on the outcome before anybody goes on: when some ranks threw, every rank throws
/// (the failing ones their own error, the others one that names the first failing rank and its message, same exit
/// code).
template <class Work>
void agree_on_errors(const Group& group, std::string_view phase, Work&& work);

}  // namespace coldframe

#include "framework/comm/agreement.h"
