#include "framework/comm/stop_signal.h"

#include <signal.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string_view>

#include "framework/comm/last_words.h"

namespace coldframe {
namespace {

std::atomic<bool> g_stop{false};
std::atomic<int> g_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

struct FatalSignal {
  int number;
  std::string_view words;
  struct sigaction previous = {};
};
std::array<FatalSignal, 5> g_fatal{{{SIGABRT, "crashed (SIGABRT)"},
                                    {SIGSEGV, "crashed (SIGSEGV)"},
                                    {SIGBUS, "crashed (SIGBUS)"},
                                    {SIGFPE, "crashed (SIGFPE)"},
                                    {SIGILL, "crashed (SIGILL)"}}};

void end_by_default(int number) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(number, &action, nullptr);
  raise(number);
}

extern "C" void coldframe_on_stop_signal(int number) {
  const int saved_errno = errno;
  if (number == SIGINT && g_signal.load() == SIGINT) end_by_default(number);
  g_signal.store(number);
  g_stop.store(true);
  if (number == SIGTERM) {
    detail::write_last_words("received SIGTERM (a request to stop, or the launcher ends the job because a rank died)");
  }
  errno = saved_errno;
}

extern "C" void coldframe_on_fatal_signal(int number) {
  for (const FatalSignal& fatal : g_fatal) {
    if (fatal.number != number) continue;
    detail::write_last_words(fatal.words);
    // Whoever was there before (a sanitizer, MPI's stack trace, the system's core dump) gets the signal next.
    sigaction(number, &fatal.previous, nullptr);
    raise(number);
  }
}

}  // namespace

bool stop_requested() noexcept { return g_stop.load(std::memory_order_relaxed); }
int stop_signal() noexcept { return g_signal.load(); }
void request_stop() noexcept { g_stop.store(true); }
void clear_stop_request() noexcept {
  g_stop.store(false);
  g_signal.store(0);
}

void install_stop_handlers() {
  struct sigaction stop = {};
  stop.sa_handler = coldframe_on_stop_signal;
  stop.sa_flags = SA_RESTART;
  sigemptyset(&stop.sa_mask);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaction(number, &stop, nullptr);

  struct sigaction crash = {};
  crash.sa_handler = coldframe_on_fatal_signal;
  sigemptyset(&crash.sa_mask);
  for (FatalSignal& fatal : g_fatal) {
    struct sigaction previous = {};
    sigaction(fatal.number, &crash, &previous);
    if (previous.sa_handler != coldframe_on_fatal_signal) fatal.previous = previous;
  }
}

}  // namespace coldframe
