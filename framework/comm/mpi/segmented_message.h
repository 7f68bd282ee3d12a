#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "framework/comm/mpi/mpi_port.h"

namespace coldframe::detail {

/// One direction of an exchange, cut into segments of which a few are under way at a time: MPI counts in int, so a
/// message may not pass 2 GiB; and a finished segment is a sign that the transfer moves, so that waiting need not
/// start to sleep. The tag tells the last segment, which shows when the two sides expect different lengths.
class SegmentedMessage {
 public:
  SegmentedMessage(MpiPort& port, int peer, std::span<const std::byte> outgoing);
  SegmentedMessage(MpiPort& port, int peer, std::span<std::byte> incoming);
  ~SegmentedMessage();
  SegmentedMessage(const SegmentedMessage&) = delete;
  SegmentedMessage& operator=(const SegmentedMessage&) = delete;

  /// Starts and tests segments; true when something happened.
  bool advance();
  bool done() const { return finished_ == total_; }

 private:
  static constexpr std::size_t k_window = 4;
  struct Segment {
    std::size_t offset;
    std::size_t length;
    bool last;
  };
  Segment segment(std::size_t index) const;
  void start(std::size_t index);
  void check_arrival(std::size_t index, const MpiPort::Arrival& arrival) const;

  MpiPort& port_;
  int peer_;
  const std::byte* outgoing_ = nullptr;
  std::byte* incoming_ = nullptr;
  std::size_t length_;
  std::size_t total_;  // segments
  std::size_t started_ = 0;
  std::size_t finished_ = 0;
  std::array<MpiPort::Message, k_window> window_{};
};

}  // namespace coldframe::detail
