#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "framework/comm/group.h"

namespace coldframe {
namespace {

using Blocks = std::vector<std::vector<std::byte>>;

/// Recursive doubling for any number of ranks: the ranks beyond the largest power of two ("extras") hand their part
/// to a core rank first and receive the result last; the core ranks meet rank^1, rank^2, rank^4 ...
/// `give` and `take` are called with an extra or its core rank as peer, `swap` with (peer, distance).
template <class HandIn, class Swap, class HandBack>
void doubling_rounds(const Group& group, HandIn&& hand_in, Swap&& swap, HandBack&& hand_back) {
  const int core = static_cast<int>(std::bit_floor(static_cast<unsigned>(group.size())));
  const bool extra = group.rank() >= core;
  const int partner = extra ? group.rank() - core : group.rank() + core;
  if (partner < group.size()) hand_in(extra, partner);
  if (!extra) {
    for (int distance = 1; distance < core; distance *= 2) swap(group.rank() ^ distance, distance);
  }
  if (partner < group.size()) hand_back(extra, partner);
}

/// The ranks whose blocks a core rank holds before the round of this distance, its extras included.
std::vector<int> ranks_held(int rank, int distance, int size) {
  const int core = static_cast<int>(std::bit_floor(static_cast<unsigned>(size)));
  const int first = rank / distance * distance;
  std::vector<int> held;
  for (int r = first; r < first + distance; ++r) {
    held.push_back(r);
    if (r + core < size) held.push_back(r + core);
  }
  return held;
}

std::vector<std::byte> pack(const Blocks& blocks, const std::vector<int>& ranks) {
  std::vector<std::byte> packed;
  for (const int r : ranks) packed.insert(packed.end(), blocks[r].begin(), blocks[r].end());
  return packed;
}

std::vector<std::byte> room_for(const Blocks& blocks, const std::vector<int>& ranks) {
  std::size_t length = 0;
  for (const int r : ranks) length += blocks[r].size();
  return std::vector<std::byte>(length);
}

void unpack(std::span<const std::byte> packed, Blocks& blocks, const std::vector<int>& ranks) {
  for (const int r : ranks) {
    std::copy_n(packed.begin(), blocks[r].size(), blocks[r].begin());
    packed = packed.subspan(blocks[r].size());
  }
}

/// Every block has its final length on every rank already; only this rank's is filled. Fills the others.
void fill_blocks(const Group& group, Blocks& blocks) {
  std::vector<int> everyone(blocks.size());
  for (std::size_t r = 0; r < everyone.size(); ++r) everyone[r] = static_cast<int>(r);
  doubling_rounds(
      group,
      [&](bool extra, int partner) {
        if (extra) return group.send(partner, blocks[group.rank()]);
        group.receive(partner, blocks[partner]);
      },
      [&](int peer, int distance) {
        const std::vector<int> theirs = ranks_held(peer, distance, group.size());
        const std::vector<std::byte> outgoing = pack(blocks, ranks_held(group.rank(), distance, group.size()));
        std::vector<std::byte> incoming = room_for(blocks, theirs);
        group.exchange(peer, outgoing, incoming);
        unpack(incoming, blocks, theirs);
      },
      [&](bool extra, int partner) {
        if (!extra) return group.send(partner, pack(blocks, everyone));
        std::vector<std::byte> incoming = room_for(blocks, everyone);
        group.receive(partner, incoming);
        unpack(incoming, blocks, everyone);
      });
}

template <class Value>
std::span<const std::byte> bytes_of(const Value& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <class Value>
std::span<std::byte> writable_bytes_of(Value& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

}  // namespace

void barrier(const Group& group) { any_rank(group, false); }

bool any_rank(const Group& group, bool mine) {
  std::uint8_t value = mine ? 1 : 0;
  doubling_rounds(
      group,
      [&](bool extra, int partner) {
        if (extra) return group.send(partner, bytes_of(value));
        std::uint8_t theirs = 0;
        group.receive(partner, writable_bytes_of(theirs));
        value |= theirs;
      },
      [&](int peer, int) {
        std::uint8_t theirs = 0;
        group.exchange(peer, bytes_of(value), writable_bytes_of(theirs));
        value |= theirs;
      },
      [&](bool extra, int partner) {
        extra ? group.receive(partner, writable_bytes_of(value)) : group.send(partner, bytes_of(value));
      });
  return value != 0;
}

void broadcast(const Group& group, int root, std::span<std::byte> bytes) {
  const int size = group.size();
  const int place = (group.rank() - root + size) % size;  // distance from the root; a binomial tree over places
  const auto rank_at = [&](int at) { return (at + root) % size; };
  int reach = 1;
  while (reach < size && (place & reach) == 0) reach *= 2;
  if (place != 0) group.receive(rank_at(place - reach), bytes);
  for (int step = reach / 2; step > 0; step /= 2) {
    if (place + step < size) group.send(rank_at(place + step), bytes);
  }
}

std::string broadcast_text(const Group& group, int root, std::string text) {
  std::uint64_t length = text.size();
  broadcast(group, root, writable_bytes_of(length));
  text.resize(length);
  broadcast(group, root, std::as_writable_bytes(std::span(text)));
  return text;
}

std::vector<std::vector<std::byte>> all_gather(const Group& group, std::span<const std::byte> bytes) {
  const std::uint64_t length = bytes.size();
  Blocks lengths(static_cast<std::size_t>(group.size()), std::vector<std::byte>(sizeof length));
  std::memcpy(lengths[group.rank()].data(), &length, sizeof length);
  fill_blocks(group, lengths);

  Blocks blocks(lengths.size());
  for (std::size_t r = 0; r < blocks.size(); ++r) {
    std::uint64_t theirs = 0;
    std::memcpy(&theirs, lengths[r].data(), sizeof theirs);
    blocks[r].resize(theirs);
  }
  std::copy(bytes.begin(), bytes.end(), blocks[group.rank()].begin());
  fill_blocks(group, blocks);
  return blocks;
}

std::vector<std::string> all_gather_text(const Group& group, std::string_view text) {
  std::vector<std::string> texts;
  for (const std::vector<std::byte>& block : all_gather(group, std::as_bytes(std::span(text)))) {
    texts.emplace_back(reinterpret_cast<const char*>(block.data()), block.size());
  }
  return texts;
}

}  // namespace coldframe
