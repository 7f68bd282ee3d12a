#include "framework/training/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace coldframe {

void ScheduleOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "steps", .doc = "length of the run", .unit = "optimizer steps", .minimum = 0}, steps);
  visitor.visit({.name = "warmup", .doc = "steps over which the rate rises to its peak", .unit = "optimizer steps", .minimum = 0},
                warmup);
  visitor.visit({.name = "shape", .doc = "how the rate falls after warm-up", .choices = {"linear", "cosine", "constant"}}, shape);
  visitor.visit({.name = "final_fraction", .doc = "share of the peak rate at the last step", .minimum = 0, .maximum = 1},
                final_fraction);
}

std::vector<Problem> ScheduleOptions::validate() const {
  if (steps > 0 && warmup > steps) return {{"warmup", "(must not exceed schedule.steps) try a tenth of it"}};
  return {};
}

double schedule_factor(const ScheduleOptions& options, std::int64_t step) {
  if (step < options.warmup) return static_cast<double>(step + 1) / static_cast<double>(options.warmup);
  if (options.shape == "constant") return 1.0;
  const double length = static_cast<double>(std::max<std::int64_t>(1, options.steps - options.warmup));
  const double done = std::min(1.0, static_cast<double>(step - options.warmup) / length);
  const double left = options.shape == "cosine" ? 0.5 * (1.0 + std::cos(std::numbers::pi * done)) : 1.0 - done;
  return options.final_fraction + (1.0 - options.final_fraction) * left;
}

}  // namespace coldframe
