#include "framework/comm/mpi/mpi_transport.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "framework/comm/last_words.h"
#include "framework/comm/mpi/segmented_message.h"
#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Between two tests the core goes to whoever wants it: that costs nothing on free cores, and blind tests delay small
// messages tenfold where ranks share cores. Naps soon help there too, since a sleeper is woken ahead of the crowd.
constexpr Seconds k_yielding{0.001};
constexpr std::chrono::microseconds k_nap{100};
constexpr Seconds k_mention_after{0.1};  // from here on last words and diagnostics say whom we wait for

}  // namespace

/// The wait for one peer: what to do between two tests, and when to give up.
class MpiTransport::Patience {
 public:
  Patience(MpiTransport& transport, int peer) : transport_(transport), peer_(peer) {}
  ~Patience() {
    if (mentioned_) set_last_words(transport_.heartbeat_.describe(transport_.rank()));
  }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  void moved() { waiting_ = false; }

  void pause() {
    const Clock::time_point now = Clock::now();
    if (!waiting_) {
      waiting_ = true;
      since_ = last_ = now;
      waited_ = Seconds{0};
      next_mention_ = k_mention_after;
    }
    // A process that was suspended itself has not waited in that time.
    waited_ += std::min<Seconds>(now - last_, Seconds{2 * transport_.options_.heartbeat_seconds});
    last_ = now;
    give_up_if_hopeless();
    if (waited_ >= next_mention_) mention();
    if (now - since_ < k_yielding) {
      sched_yield();
    } else {
      std::this_thread::sleep_for(k_nap);
    }
  }

 private:
  void give_up_if_hopeless() {
    if (transport_.heartbeat_.failed()) transport_.heartbeat_.throw_failure();
    const double limit = transport_.options_.stall_limit_seconds;
    if (waited_.count() < limit && !transport_.stalled_) return;
    transport_.stalled_ = true;
    throw DistributedError(
        fmt::format("{} did not answer {} for {:g} s", transport_.heartbeat_.describe(peer_),
                    transport_.heartbeat_.describe(transport_.rank()), limit),
        "it is alive but slower than distributed.stall_limit_seconds, or the ranks wait for each other",
        "raise the limit if that phase really takes so long");
  }

  void mention() {
    mentioned_ = true;
    next_mention_ = waited_ + Seconds{1};
    set_last_words(fmt::format("{}, waiting for {},", transport_.heartbeat_.describe(transport_.rank()),
                               transport_.heartbeat_.describe(peer_)));
  }

  MpiTransport& transport_;
  int peer_;
  bool waiting_ = false;
  bool mentioned_ = false;
  Clock::time_point since_;
  Clock::time_point last_;
  Seconds waited_{0};
  Seconds next_mention_{0};
};

MpiTransport::MpiTransport(MpiPort& port, Heartbeat& heartbeat, PositionBoard& board, const CommOptions& options)
    : port_(port), heartbeat_(heartbeat), board_(board), options_(options) {}

void MpiTransport::exchange(int peer, std::span<const std::byte> send, std::span<std::byte> receive) {
  SegmentedMessage incoming(port_, peer, receive);
  SegmentedMessage outgoing(port_, peer, send);
  Patience patience(*this, peer);
  while (true) {
    const bool received = !incoming.done() && incoming.advance();
    const bool sent = !outgoing.done() && outgoing.advance();
    if (incoming.done() && outgoing.done()) return;
    received || sent ? patience.moved() : patience.pause();
  }
}

void MpiTransport::report_position(std::string_view phase, std::int64_t step) {
  board_.set(phase, step);
  set_last_words(heartbeat_.describe(rank()));
}

}  // namespace coldframe::detail
