#include "framework/comm/last_words.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>

namespace coldframe::detail {
namespace {

// The writer fills the slot that is not published, so a handler always finds a complete line. Only a handler that is
// suspended while two updates pass could see a mixed one; it would still be readable text within bounds.
struct Slot {
  std::array<char, 400> text{};
  std::size_t length = 0;
};
std::array<Slot, 2> g_slots;
std::atomic<int> g_published{0};
std::mutex g_writer;

void append(std::array<char, 1024>& line, std::size_t& length, std::string_view text) noexcept {
  const std::size_t n = std::min(text.size(), line.size() - length);
  std::copy_n(text.data(), n, line.data() + length);
  length += n;
}

}  // namespace

void set_last_words(std::string_view words) {
  const std::lock_guard lock(g_writer);
  const int next = 1 - g_published.load(std::memory_order_relaxed);
  Slot& slot = g_slots[static_cast<std::size_t>(next)];
  slot.length = std::min(words.size(), slot.text.size());
  std::copy_n(words.data(), slot.length, slot.text.data());
  g_published.store(next, std::memory_order_release);
}

void write_last_words(std::string_view what_happened) noexcept {
  const Slot& slot = g_slots[static_cast<std::size_t>(g_published.load(std::memory_order_acquire))];
  if (slot.length == 0) return;
  std::array<char, 1024> line;
  std::size_t length = 0;
  append(line, length, "coldframe: ");
  append(line, length, {slot.text.data(), std::min(slot.length, slot.text.size())});
  append(line, length, " ");
  append(line, length, what_happened.substr(0, 500));
  append(line, length, "\n");
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), length);
}

}  // namespace coldframe::detail
