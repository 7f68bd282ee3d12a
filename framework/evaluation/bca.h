#pragma once

#include <optional>
#include <span>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"

namespace coldframe {

/// Bias-corrected and accelerated bootstrap interval (Efron 1987) of t = sum x / sum n over users:
///   z0 = Phi^-1(#{t*_b < t} / B),  a = sum (tbar - t_(i))^3 / (6 [sum (tbar - t_(i))^2]^{3/2}) by jackknife,
///   endpoints at Phi(z0 + (z0 + z_q) / (1 - a (z0 + z_q))) for q = (1 -+ level) / 2.
/// denominators: empty for a mean (every n is 1). The replicates are those of PairedBootstrap. Empty result when the
/// interval is undefined: all replicates on one side of t, or a denominator of 0 in too many of them.
std::optional<Interval> bca_interval(std::span<const UserKey> users, std::span<const double> numerators,
                                     std::span<const double> denominators, const BootstrapOptions& options);

}  // namespace coldframe
