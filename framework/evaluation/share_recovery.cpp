#include "framework/evaluation/share_recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

std::optional<ShareRecovery> share_recovery(std::span<const std::optional<double>> shares,
                                            std::span<const double> steps, std::size_t change, double part) {
  if (!(part > 0.0 && part <= 1.0)) {
    throw ConfigError(fmt::format("a recovery to {} of the share before", part), "it must be above 0 and at most 1",
                      "try 0.95");
  }
  double sum = 0, count = 0;
  for (std::size_t task = 1; task < std::min(change, shares.size()); ++task) {
    if (!shares[task]) continue;
    sum += *shares[task];
    count += 1;
  }
  if (count == 0 || !(sum > 0)) return std::nullopt;
  ShareRecovery recovery{sum / count, std::nullopt, 0.0};
  for (std::size_t task = change; task < shares.size(); ++task) {
    if (!recovery.user_steps && shares[task] && *shares[task] >= part * recovery.before) {
      recovery.user_steps = recovery.watched;
    }
    recovery.watched += steps[task];
  }
  return recovery;
}

}  // namespace coldframe
