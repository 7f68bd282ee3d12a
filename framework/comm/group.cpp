#include "framework/comm/group.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "framework/comm/one/one_rank_transport.h"

namespace coldframe {

Group::Group() : transport_(detail::make_one_rank_transport(detail::LastWords::untouched)) {}
Group::Group(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}

void Group::send(int peer, std::span<const std::byte> bytes) const { exchange(peer, bytes, {}); }

void Group::receive(int peer, std::span<std::byte> bytes) const { exchange(peer, {}, bytes); }

void Group::exchange(int peer, std::span<const std::byte> send, std::span<std::byte> receive) const {
  if (peer < 0 || peer >= size()) throw std::out_of_range("exchange with a rank outside the group");
  if (peer != rank()) return transport_->exchange(peer, send, receive);
  if (send.size() != receive.size()) throw std::logic_error("exchange of a rank with itself needs equal lengths");
  if (!send.empty()) std::memcpy(receive.data(), send.data(), send.size());
}

void Group::report_position(std::string_view phase, std::int64_t step) const {
  transport_->report_position(phase, step);
}

}  // namespace coldframe
