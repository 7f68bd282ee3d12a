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

struct LastSignal {
  int number;
  std::string_view words;
  struct sigaction previous = {};
};
constexpr std::string_view k_asked_to_end =
    "received SIGTERM (a request to stop, or the launcher ends the job because a rank died)";
std::array<LastSignal, 6> g_last{{{SIGABRT, "crashed (SIGABRT)"},
                                  {SIGSEGV, "crashed (SIGSEGV)"},
                                  {SIGBUS, "crashed (SIGBUS)"},
                                  {SIGFPE, "crashed (SIGFPE)"},
                                  {SIGILL, "crashed (SIGILL)"},
                                  {SIGTERM, k_asked_to_end}}};

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
    detail::write_last_words(k_asked_to_end);
  }
  errno = saved_errno;
}

extern "C" void coldframe_on_last_signal(int number) {
  for (const LastSignal& last : g_last) {
    if (last.number != number) continue;
    detail::write_last_words(last.words);
    // Whoever was there before (a sanitizer, MPI's stack trace, who clears up, the system's core dump) gets it next.
    sigaction(number, &last.previous, nullptr);
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

void install_last_words() {
  struct sigaction action = {};
  action.sa_handler = coldframe_on_last_signal;
  sigemptyset(&action.sa_mask);
  for (LastSignal& last : g_last) {
    struct sigaction previous = {};
    sigaction(last.number, &action, &previous);
    const bool ours = previous.sa_handler == coldframe_on_last_signal || previous.sa_handler == coldframe_on_stop_signal;
    if (!ours) last.previous = previous;
  }
}

void install_stop_handlers() {
  install_last_words();
  struct sigaction stop = {};
  stop.sa_handler = coldframe_on_stop_signal;
  stop.sa_flags = SA_RESTART;
  sigemptyset(&stop.sa_mask);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) sigaction(number, &stop, nullptr);
}

}  // namespace coldframe
