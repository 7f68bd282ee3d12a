#include "framework/core/temporary_names.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <climits>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>

namespace coldframe {
namespace {

// Plain memory of fixed size: the only thing a signal handler may read. More temporaries than slots at a time are
// legal; the surplus is then left to the next writer of the same name.
struct Slot {
  std::atomic<bool> used = false;
  std::array<char, PATH_MAX> path{};
};
std::array<Slot, 16> g_slots;
std::mutex g_slots_mutex;
std::atomic<unsigned> g_counter = 0;

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "host";
  return name.data();
}

bool is_claimed(const std::filesystem::path& temporary) {
  const std::lock_guard lock(g_slots_mutex);
  for (const Slot& slot : g_slots) {
    if (slot.used && temporary == slot.path.data()) return true;
  }
  return false;
}

bool owner_is_dead(const std::filesystem::path& temporary, std::string_view digits) {
  int pid = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
  if (error != std::errc{} || end == digits.data() || *end != '-' || pid <= 0) return false;
  // Containers hand out the same process ids again and again: our own id may be that of a dead predecessor.
  if (pid == getpid()) return !is_claimed(temporary);
  return kill(pid, 0) != 0 && errno == ESRCH;
}

void remove_stale_temporaries(const std::filesystem::path& target, const std::string& prefix) {
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  std::error_code ignored;
  for (std::filesystem::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const std::filesystem::path temporary = target.parent_path() / name;
    std::error_code not_ours_to_remove;
    if (owner_is_dead(temporary, std::string_view(name).substr(prefix.size()))) {
      std::filesystem::remove_all(temporary, not_ours_to_remove);
    }
  }
}

extern "C" void remove_claimed_temporaries(int signal_number) {
  for (const Slot& slot : g_slots) {
    if (slot.used) unlink(slot.path.data());
  }
  // SA_RESETHAND restored the default action; it runs when this handler returns.
  raise(signal_number);
}

}  // namespace

void remove_temporaries_on_signals() {
  struct sigaction action {};
  action.sa_handler = remove_claimed_temporaries;
  action.sa_flags = SA_RESETHAND;
  for (const int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction present {};
    sigaction(signal_number, nullptr, &present);
    // What somebody chose to ignore (nohup) stays ignored.
    if (present.sa_handler != SIG_IGN) sigaction(signal_number, &action, nullptr);
  }
}

namespace detail {

std::filesystem::path claim_temporary_name(const std::filesystem::path& target) {
  const std::string prefix = fmt::format("{}.tmp-{}-", target.filename().string(), host_name());
  remove_stale_temporaries(target, prefix);
  const std::filesystem::path temporary = target.parent_path() / fmt::format("{}{}-{}", prefix, getpid(), g_counter++);
  const std::string absolute = std::filesystem::absolute(temporary).string();
  const std::lock_guard lock(g_slots_mutex);
  for (Slot& slot : g_slots) {
    if (slot.used || absolute.size() >= slot.path.size()) continue;
    std::memcpy(slot.path.data(), absolute.c_str(), absolute.size() + 1);
    slot.used = true;
    break;
  }
  return temporary;
}

std::filesystem::path final_name(const std::filesystem::path& path) {
  const std::string mark = fmt::format(".tmp-{}-{}-", host_name(), getpid());
  std::filesystem::path name;
  for (const std::filesystem::path& part : path) name /= part.string().substr(0, part.string().rfind(mark));
  return name;
}

void release_temporary_name(const std::filesystem::path& temporary) {
  const std::string absolute = std::filesystem::absolute(temporary).string();
  const std::lock_guard lock(g_slots_mutex);
  for (Slot& slot : g_slots) {
    if (slot.used && absolute == slot.path.data()) slot.used = false;
  }
}

}  // namespace detail
}  // namespace coldframe
