#include "framework/comm/mpi/segmented_message.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

constexpr std::size_t k_segment_bytes = std::size_t{4} << 20;
constexpr int k_tag_more = 2;
constexpr int k_tag_last = 3;

std::size_t segments_for(std::size_t length) { return (length + k_segment_bytes - 1) / k_segment_bytes; }

}  // namespace

SegmentedMessage::SegmentedMessage(MpiPort& port, int peer, std::span<const std::byte> outgoing)
    : port_(port),
      peer_(peer),
      outgoing_(outgoing.data()),
      length_(outgoing.size()),
      total_(segments_for(outgoing.size())) {}

SegmentedMessage::SegmentedMessage(MpiPort& port, int peer, std::span<std::byte> incoming)
    : port_(port),
      peer_(peer),
      incoming_(incoming.data()),
      length_(incoming.size()),
      total_(segments_for(incoming.size())) {}

SegmentedMessage::~SegmentedMessage() {
  if (incoming_ == nullptr) return;
  for (MpiPort::Message& message : window_) port_.cancel_receive(message);
}

SegmentedMessage::Segment SegmentedMessage::segment(std::size_t index) const {
  const std::size_t offset = index * k_segment_bytes;
  return {offset, std::min(k_segment_bytes, length_ - offset), index + 1 == total_};
}

void SegmentedMessage::start(std::size_t index) {
  const Segment each = segment(index);
  MpiPort::Message& message = window_[index % k_window];
  message = outgoing_ != nullptr
                ? port_.start_send(MpiPort::Channel::data, peer_, each.last ? k_tag_last : k_tag_more,
                                   {outgoing_ + each.offset, each.length}, MpiPort::Urgency::normal)
                : port_.start_receive(MpiPort::Channel::data, peer_, {incoming_ + each.offset, each.length},
                                      MpiPort::Urgency::normal);
}

bool SegmentedMessage::advance() {
  bool moved = false;
  while (started_ < total_ && started_ - finished_ < k_window) {
    start(started_++);
    moved = true;
  }
  while (finished_ < started_) {
    const auto arrival = port_.test(window_[finished_ % k_window], MpiPort::Urgency::normal);
    if (!arrival) break;
    if (incoming_ != nullptr) check_arrival(finished_, *arrival);
    ++finished_;
    moved = true;
  }
  return moved;
}

void SegmentedMessage::check_arrival(std::size_t index, const MpiPort::Arrival& arrival) const {
  const Segment expected = segment(index);
  if (arrival.bytes == expected.length && (arrival.tag == k_tag_last) == expected.last) return;
  throw DistributedError(
      fmt::format("rank {} received a message of another length from rank {} than the {} bytes expected", port_.rank(),
                  peer_, length_),
      "the ranks do not make the same sequence of exchanges");
}

}  // namespace coldframe::detail
