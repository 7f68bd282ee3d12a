#pragma once

#include "framework/distributed/gradient_sum.h"

namespace coldframe {

/// g . r over all elements, in double precision and one fixed order.
double inner_product(const GradientSum& g, const GradientSum& r);

/// The step of averaged gradient episodic memory (Chaudhry et al., "Efficient lifelong learning with A-GEM", arXiv
/// 1812.00420): where g . r < 0, following g would raise the loss of the past, whose gradient is r, and
///   g := g - (g . r / r . r) r
/// so that g . r = 0. Returns g . r from before; r is used up.
double keep_from_raising(GradientSum& g, GradientSum& r);

}  // namespace coldframe
