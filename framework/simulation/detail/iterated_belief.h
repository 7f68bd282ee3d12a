#pragma once

#include <cstddef>
#include <memory>

#include "framework/simulation/user_model.h"

namespace coldframe::detail {

/// Belief of IteratedLogit. Picks are a race: item i rings at rate w_i, no click at rate 1. Given that no click rings
/// when a share s of its survival is left, s uniform, item i has rung with 1 - s^{w_i}, independently, so the expected
/// clicks are int_0^1 E[min(picks, N(s))] ds with N(s) a sum of independent bits; by 16 Gauss-Legendre nodes.
std::unique_ptr<PageBelief> make_iterated_belief(const ChoiceScale& scale, std::size_t picks, std::size_t draws);

}  // namespace coldframe::detail
