#include "framework/core/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace coldframe {
namespace {

constexpr double k_seconds_between_draws = 0.1;

}  // namespace

ProgressSink ProgressSink::terminal() { return {isatty(STDERR_FILENO) == 1 ? &std::cerr : nullptr}; }

Progress::Progress(std::string label, std::string unit, std::int64_t total, const Clock& clock, ProgressSink sink)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      clock_(clock),
      sink_(sink),
      started_(clock.seconds()),
      drawn_(started_ - k_seconds_between_draws) {}

Progress::~Progress() { finish(); }

void Progress::set(std::int64_t done) {
  done_ = done;
  if (sink_.stream == nullptr || finished_) return;
  if (clock_.seconds() - drawn_ < k_seconds_between_draws) return;
  draw();
}

void Progress::finish() {
  if (sink_.stream == nullptr || finished_) return;
  draw();
  finished_ = true;
  *sink_.stream << '\n' << std::flush;
}

void Progress::draw() {
  drawn_ = clock_.seconds();
  const double elapsed = drawn_ - started_;
  const double rate = elapsed > 0 ? static_cast<double>(done_) / elapsed : 0;
  std::string line = total_ > 0 ? fmt::format("{}  {}/{} {}", label_, done_, total_, unit_)
                                : fmt::format("{}  {} {}", label_, done_, unit_);
  if (total_ > 0) line += fmt::format("  {} %", 100 * std::min(done_, total_) / total_);
  if (rate > 0) line += fmt::format("  {:.3g} {}/s", rate, unit_);
  if (rate > 0 && total_ > done_) {
    line += fmt::format("  {} left", format_duration(static_cast<double>(total_ - done_) / rate));
  } else {
    line += fmt::format("  {}", format_duration(elapsed));
  }
  if (!note_.empty()) line += "  " + note_;
  *sink_.stream << "\r\033[K" << line << std::flush;
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return "?";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  const std::int64_t hours = whole / 3600, minutes = whole / 60 % 60, rest = whole % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, rest) : fmt::format("{}:{:02}", minutes, rest);
}

}  // namespace coldframe
