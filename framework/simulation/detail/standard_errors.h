#pragma once

#include <vector>

#include "framework/simulation/world.h"

namespace coldframe::detail {

/// Bootstrap standard errors of the softmax world's parameters, in the same layout; empty without at least two refits.
/// Latent axes of a refit are first rotated onto those of the fit (orthogonal Procrustes; Schoenemann 1966), since the
/// likelihood does not see a rotation of (q, B, z).
std::vector<SoftmaxParameters> softmax_standard_errors(const std::vector<World>& worlds);

}  // namespace coldframe::detail
