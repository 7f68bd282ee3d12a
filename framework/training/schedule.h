#pragma once

#include <cstdint>
#include <string>

#include "framework/core/options.h"

namespace coldframe {

/// `[schedule]`: counted in optimizer steps, never in loader lengths.
struct ScheduleOptions : Options {
  std::int64_t steps = 100;
  std::int64_t warmup = 10;
  std::string shape = "linear";  // linear, cosine, constant
  double final_fraction = 0.0;   // of the peak rate, reached at the last step

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// Factor on the learning rate for the update that is number `step` of the run (0-based): linear from 1/warmup to 1 over
/// `warmup` steps, then `shape` down to `final_fraction` at `steps`.
double schedule_factor(const ScheduleOptions& options, std::int64_t step);

}  // namespace coldframe
