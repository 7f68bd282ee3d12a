#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "framework/core/clock.h"

namespace coldframe {

/// Where progress is drawn. Silent unless somebody watches.
struct ProgressSink {
  std::ostream* stream = nullptr;  // nullptr: silent

  /// std::cerr when it is a terminal, else silent.
  static ProgressSink terminal();
};

/// One line that is redrawn in place: `train  340/1000 steps  34 %  12.3 steps/s  0:54 left`, at most ten times a
/// second. The rate is that of this object's whole life. Thread-safety: one caller. Borrows the clock.
class Progress {
 public:
  /// `total` 0: unknown, then neither share nor time left is shown.
  Progress(std::string label, std::string unit, std::int64_t total, const Clock& clock,
           ProgressSink sink = ProgressSink::terminal());
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();  // finishes

  void advance(std::int64_t count = 1) { set(done_ + count); }
  void set(std::int64_t done);
  /// Extra words at the end of the line: "loss 2.31".
  void note(std::string text) { note_ = std::move(text); }
  void finish();

 private:
  void draw();
  std::string label_;
  std::string unit_;
  std::int64_t total_;
  const Clock& clock_;
  ProgressSink sink_;
  std::string note_;
  std::int64_t done_ = 0;
  double started_;
  double drawn_;
  bool finished_ = false;
};

/// "0:54", "12:03", "3:07:22"
std::string format_duration(double seconds);

}  // namespace coldframe
