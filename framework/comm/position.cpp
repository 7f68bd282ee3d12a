#include "framework/comm/position.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

namespace coldframe::detail {

std::string describe_rank(int rank, std::string_view host, const Position& position) {
  return fmt::format("rank {} on {} (phase {}, step {})", rank, host, position.phase, position.step);
}

std::string this_host() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown-host";
  return name.data();
}

void PositionBoard::set(std::string_view phase, std::int64_t step) {
  const std::lock_guard lock(mutex_);
  position_.phase.assign(phase);
  position_.step = step;
}

Position PositionBoard::get() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

}  // namespace coldframe::detail
