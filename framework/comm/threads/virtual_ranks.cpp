#include "framework/comm/threads/virtual_ranks.h"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "framework/comm/position.h"
#include "framework/core/error.h"

namespace coldframe {
namespace {

/// Thrown out of a wait because another virtual rank failed: a consequence, never the cause that is rethrown.
class Released final : public DistributedError {
 public:
  using DistributedError::DistributedError;
};

/// One direction between two virtual ranks. The sender's bytes are lent, not copied: it may not go on before the
/// receiver has taken them.
struct Channel {
  enum class State { empty, offered, copying, taken };
  std::mutex mutex;
  std::condition_variable changed;
  State state = State::empty;
  std::span<const std::byte> offer;
};

class World {
 public:
  World(int size, std::chrono::milliseconds deadline)
      : size_(size),
        deadline_(deadline),
        channels_(static_cast<std::size_t>(size) * size),
        boards_(size),
        ended_(size) {}

  int size() const { return size_; }
  const std::string& host() const { return host_; }
  detail::PositionBoard& board(int rank) { return boards_[static_cast<std::size_t>(rank)]; }

  void exchange(int me, int peer, std::span<const std::byte> send, std::span<std::byte> receive) {
    Channel& out = channel(me, peer);
    if (!send.empty()) lend(out, send);
    try {
      if (!receive.empty()) take(me, peer, receive);
      if (!send.empty()) wait_until_taken(me, peer, out);
    } catch (...) {
      if (!send.empty()) withdraw(out);
      throw;
    }
  }

  void end(int rank) {
    ended_[static_cast<std::size_t>(rank)] = true;
    wake_all();
  }

  void fail(int rank) {
    int none = -1;
    failed_rank_.compare_exchange_strong(none, rank);
    wake_all();
  }

 private:
  Channel& channel(int from, int to) { return channels_[static_cast<std::size_t>(from) * size_ + to]; }

  void wake_all() {
    for (Channel& each : channels_) {
      const std::lock_guard lock(each.mutex);
      each.changed.notify_all();
    }
  }

  static void lend(Channel& out, std::span<const std::byte> bytes) {
    const std::lock_guard lock(out.mutex);
    out.offer = bytes;
    out.state = Channel::State::offered;
    out.changed.notify_all();
  }

  void take(int me, int peer, std::span<std::byte> bytes) {
    Channel& in = channel(peer, me);
    std::unique_lock lock(in.mutex);
    wait(me, peer, in, lock, Channel::State::offered);
    if (in.offer.size() != bytes.size()) {
      throw DistributedError(fmt::format("rank {} received {} bytes from rank {} where {} were expected", me,
                                         in.offer.size(), peer, bytes.size()),
                             "the ranks do not make the same sequence of exchanges");
    }
    in.state = Channel::State::copying;
    lock.unlock();
    std::memcpy(bytes.data(), in.offer.data(), bytes.size());
    lock.lock();
    in.state = Channel::State::taken;
    in.changed.notify_all();
  }

  void wait_until_taken(int me, int peer, Channel& out) {
    std::unique_lock lock(out.mutex);
    wait(me, peer, out, lock, Channel::State::taken);
    out.state = Channel::State::empty;
  }

  void wait(int me, int peer, Channel& on, std::unique_lock<std::mutex>& lock, Channel::State wanted) {
    const auto peer_ended = [&] { return ended_[static_cast<std::size_t>(peer)].load(); };
    const bool in_time =
        on.changed.wait_for(lock, deadline_, [&] { return on.state == wanted || failed_rank_ >= 0 || peer_ended(); });
    if (on.state == wanted) return;
    const std::string who = detail::describe_rank(peer, host_, board(peer).get());
    if (failed_rank_ >= 0)
      throw Released(fmt::format("rank {} was released (rank {} failed)", me, failed_rank_.load()));
    if (in_time) throw DistributedError(fmt::format("rank {} waits for {}, which has ended", me, who));
    throw DistributedError(fmt::format("{} did not answer rank {} within {} ms", who, me, deadline_.count()),
                           "the ranks wait for each other in a circle, or one is too slow");
  }

  static void withdraw(Channel& out) {
    std::unique_lock lock(out.mutex);
    out.changed.wait(lock, [&] { return out.state != Channel::State::copying; });
    out.state = Channel::State::empty;
  }

  int size_;
  std::chrono::milliseconds deadline_;
  std::string host_ = detail::this_host();
  std::vector<Channel> channels_;
  std::vector<detail::PositionBoard> boards_;
  std::vector<std::atomic<bool>> ended_;
  std::atomic<int> failed_rank_{-1};
};

class VirtualTransport final : public Transport {
 public:
  VirtualTransport(std::shared_ptr<World> world, int rank) : world_(std::move(world)), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return world_->size(); }
  void exchange(int peer, std::span<const std::byte> send, std::span<std::byte> receive) override {
    world_->exchange(rank_, peer, send, receive);
  }
  void report_position(std::string_view phase, std::int64_t step) override { world_->board(rank_).set(phase, step); }
  std::string host_of(int) const override { return world_->host(); }

 private:
  std::shared_ptr<World> world_;
  int rank_;
};

/// What became of one virtual rank.
struct Outcome {
  std::exception_ptr own;
  std::exception_ptr released;
};

Outcome live(World& world, int rank, const std::function<void(const Group&)>& work, const Group& group) {
  try {
    work(group);
    world.end(rank);
    return {};
  } catch (const Released&) {
    world.fail(rank);
    return {nullptr, std::current_exception()};
  } catch (...) {
    world.fail(rank);
    return {std::current_exception(), nullptr};
  }
}

}  // namespace

void run_virtual_ranks(int ranks, const std::function<void(const Group&)>& work, std::chrono::milliseconds deadline) {
  const auto world = std::make_shared<World>(ranks, deadline);
  std::vector<Outcome> outcomes(static_cast<std::size_t>(ranks));
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < ranks; ++rank) {
      threads.emplace_back([&, rank] {
        const Group group(std::make_shared<VirtualTransport>(world, rank));
        outcomes[static_cast<std::size_t>(rank)] = live(*world, rank, work, group);
      });
    }
  }
  for (const Outcome& outcome : outcomes) {
    if (outcome.own) std::rethrow_exception(outcome.own);
  }
  for (const Outcome& outcome : outcomes) {
    if (outcome.released) std::rethrow_exception(outcome.released);
  }
}

}  // namespace coldframe
