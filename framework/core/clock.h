#pragma once

#include <cstdint>
#include <string>

namespace coldframe {

/// Time as a parameter, so that what depends on it can be tested.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual double seconds() const = 0;             // monotonic, from an arbitrary start
  virtual std::int64_t unix_seconds() const = 0;  // wall clock
};

class SystemClock final : public Clock {
 public:
  double seconds() const override;
  std::int64_t unix_seconds() const override;
};

/// Stands still until told to move.
class ManualClock final : public Clock {
 public:
  double seconds() const override { return seconds_; }
  std::int64_t unix_seconds() const override { return start_ + static_cast<std::int64_t>(seconds_); }
  void advance(double seconds) { seconds_ += seconds; }

 private:
  double seconds_ = 0;
  std::int64_t start_ = 1'700'000'000;
};

/// "2026-11-22T13:46:05Z"
std::string iso8601(std::int64_t unix_seconds);

}  // namespace coldframe
