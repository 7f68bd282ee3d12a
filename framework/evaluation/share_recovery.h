#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace coldframe {

/// How long a learner takes to be as good again as before a change, in user-steps (pages that it learned from).
struct ShareRecovery {
  double before = 0;                 // mean share of the attainable range before the change
  std::optional<double> user_steps;  // from the change on; empty: not within what was watched (censored)
  double watched = 0;                // user-steps from the change to the end
};

/// shares [T]: of the attainable range that people of a task got before anything of them was learned (empty: not
/// defined); steps [T]: user-steps learned from in a task; change: the first task after the change. Recovered is the
/// first task from the change on whose share is at least `part` of the mean over the tasks before, task 0 left out (it
/// was met by an encoder that had learned nothing). Empty where there is no such mean, or it is not above 0.
/// ConfigError unless 0 < part <= 1.
std::optional<ShareRecovery> share_recovery(std::span<const std::optional<double>> shares,
                                            std::span<const double> steps, std::size_t change, double part = 0.95);

}  // namespace coldframe
