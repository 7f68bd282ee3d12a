#include "framework/comm/mpi/heartbeat.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "framework/comm/agreed_error.h"
#include "framework/core/error.h"

namespace coldframe::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// What travels: small enough for every MPI's eager path, so that sending to a stopped rank completes.
struct Beat {
  std::int64_t step = 0;
  std::int32_t goodbye = 0;
  std::array<char, 44> phase{};
};
static_assert(sizeof(Beat) == 56 && std::is_trivially_copyable_v<Beat>);

constexpr int k_tag = 1;

/// Signals are for the main thread: its handlers must not run on the stack of this one.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  for (const int fatal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&all, fatal);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

int first_living_watcher(int silent, const std::vector<int>& suspects, int size) {
  for (const int watcher : watched_ranks(silent, size)) {
    if (std::find(suspects.begin(), suspects.end(), watcher) == suspects.end()) return watcher;
  }
  return silent;
}

}  // namespace

struct Heartbeat::Peer {
  int rank = 0;
  Beat incoming;
  Beat outgoing;
  MpiPort::Message receive;
  MpiPort::Message send;
  double seconds_since_spoken = 1e9;
  bool goodbye_sent = false;
};

Heartbeat::Heartbeat(MpiPort& port, const PositionBoard& board, const CommOptions& options)
    : port_(port),
      board_(board),
      options_(options),
      ledger_(watched_ranks(port.rank(), port.size()), 2 * options.heartbeat_seconds) {
  for (const int rank : ledger_.watched()) {
    peers_.push_back(std::make_unique<Peer>());
    Peer& peer = *peers_.back();
    peer.rank = rank;
    peer.receive = port_.start_receive(MpiPort::Channel::control, rank,
                                       std::as_writable_bytes(std::span(&peer.incoming, 1)), MpiPort::Urgency::urgent);
  }
  if (!peers_.empty()) thread_ = std::thread([this] { run(); });
}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Heartbeat::configure(const CommOptions& options) {
  const std::lock_guard lock(mutex_);
  options_ = options;
  ledger_.set_longest_tick(2 * options.heartbeat_seconds);
  wake_.notify_all();
}

void Heartbeat::set_hosts(std::vector<std::string> hosts) {
  const std::lock_guard lock(mutex_);
  hosts_ = std::move(hosts);
}

std::string Heartbeat::host_of(int rank) const {
  const std::lock_guard lock(mutex_);
  const auto i = static_cast<std::size_t>(rank);
  return i < hosts_.size() ? hosts_[i] : "unknown-host";
}

std::string Heartbeat::describe(int rank) const {
  const std::lock_guard lock(mutex_);
  return describe_locked(rank);
}

std::string Heartbeat::describe_locked(int rank) const {
  const auto i = static_cast<std::size_t>(rank);
  const std::string host = i < hosts_.size() ? hosts_[i] : "unknown-host";
  return describe_rank(rank, host, rank == port_.rank() ? board_.get() : ledger_.position_of(rank));
}

void Heartbeat::throw_failure() const {
  const std::lock_guard lock(mutex_);
  if (told_) throw ToldError(failure_);
  throw DistributedError(failure_);
}

/// The deadline is a silence and three margins: the first watcher speaks after the silence and ends the job one margin
/// later; should that not happen, the other watchers speak two margins after the silence and end it one margin later.
double Heartbeat::margin_locked() const { return std::min(2.0, options_.deadline_seconds / 6); }

void Heartbeat::listen(Peer& peer) {
  while (peer.receive.active && port_.test(peer.receive, MpiPort::Urgency::urgent)) {
    const std::lock_guard lock(mutex_);
    ledger_.heard(peer.rank, {peer.incoming.phase.data(), peer.incoming.step});
    if (peer.incoming.goodbye != 0) {
      ledger_.left(peer.rank);
      return;
    }
    peer.receive = port_.start_receive(MpiPort::Channel::control, peer.rank,
                                       std::as_writable_bytes(std::span(&peer.incoming, 1)), MpiPort::Urgency::urgent);
  }
}

void Heartbeat::speak(Peer& peer) {
  if (peer.send.active && !port_.test(peer.send, MpiPort::Urgency::urgent)) return;
  bool leaving = false;
  double interval = 1;
  {
    const std::lock_guard lock(mutex_);
    leaving = leaving_;
    interval = options_.heartbeat_seconds;
  }
  const Position position = board_.get();
  const bool news = position.step != peer.outgoing.step || position.phase != peer.outgoing.phase.data();
  const bool due = leaving || peer.seconds_since_spoken >= interval || news;
  if (peer.goodbye_sent || !due) return;
  peer.outgoing = {};
  peer.outgoing.step = position.step;
  peer.outgoing.goodbye = leaving ? 1 : 0;
  position.phase.copy(peer.outgoing.phase.data(), peer.outgoing.phase.size() - 1);
  peer.send = port_.start_send(MpiPort::Channel::control, peer.rank, k_tag, std::as_bytes(std::span(&peer.outgoing, 1)),
                               MpiPort::Urgency::urgent);
  peer.seconds_since_spoken = 0;
  peer.goodbye_sent = leaving;
}

void Heartbeat::judge() {
  const std::lock_guard lock(mutex_);
  if (failed_) {
    if (seconds_since_failure_ >= margin_locked()) port_.abort(static_cast<int>(ExitCode::distributed));
    return;
  }
  const double limit = std::max(options_.deadline_seconds - 3 * margin_locked(), 2 * options_.heartbeat_seconds);
  const std::vector<int> silent = ledger_.silent_for(limit);
  if (silent.empty()) return;
  // Those who fell silent together with it; a living rank that was kept from its core for a while is none of them.
  const std::vector<int> suspects = ledger_.silent_for(limit - margin_locked());
  if (first_living_watcher(silent.front(), suspects, port_.size()) == port_.rank() ||
      ledger_.silence_of(silent.front()) >= limit + 2 * margin_locked()) {
    accuse(suspects);
  }
}

void Heartbeat::accuse(const std::vector<int>& silent) {
  std::string who;
  for (const int rank : silent) who += (who.empty() ? "" : " and ") + describe_locked(rank);
  const double seconds = ledger_.silence_of(silent.front());
  failure_ =
      fmt::format("{} gave no sign of life for {:.1f} s (stopped, hanging in the system, or cut off); {} ends the job",
                  who, seconds, describe_locked(port_.rank()));
  const std::string line = "coldframe: error: " + failure_ + "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  told_ = true;
  failed_.store(true, std::memory_order_release);
}

void Heartbeat::run() {
  block_signals();
  Clock::time_point last = Clock::now();
  while (true) {
    const Clock::time_point now = Clock::now();
    const double passed = std::chrono::duration<double>(now - last).count();
    last = now;
    {
      const std::lock_guard lock(mutex_);
      ledger_.tick(passed);
      if (failed_) seconds_since_failure_ += passed;
    }
    bool all_sent = true;
    try {
      for (const auto& peer : peers_) {
        peer->seconds_since_spoken += passed;
        listen(*peer);
        speak(*peer);
        all_sent = all_sent && peer->goodbye_sent && !peer->send.active;
      }
    } catch (const DistributedError& error) {
      const std::lock_guard lock(mutex_);
      if (!failed_) failure_ = fmt::format("{}: {}", describe_locked(port_.rank()), error.what());
      failed_.store(true, std::memory_order_release);
    }
    judge();
    std::unique_lock lock(mutex_);
    if (abandoned_ || (leaving_ && all_sent && ledger_.everyone_left())) return;
    const double tick = leaving_ ? 0.001 : std::clamp(options_.heartbeat_seconds / 5, 0.01, 0.2);
    wake_.wait_for(lock, std::chrono::duration<double>(tick));
  }
}

void Heartbeat::finish() {
  {
    const std::lock_guard lock(mutex_);
    leaving_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace coldframe::detail
