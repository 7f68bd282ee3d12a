#pragma once

#include <memory>

#include "framework/model/encoder.h"
#include "framework/model/keyed_dropout.h"
#include "framework/model/lora_site.h"

namespace coldframe {

/// DoRA (Liu et al., arXiv 2402.09353): direction and length of each row are trained apart. With V = W + scale B A, n_o
/// the norm of row o of V and g the trained magnitudes, y = (g / n) * (V x) + b; n is a constant in backward (section
/// 4.3). Dropout acts on the input of what differs from the pretrained map, W x + (g / n - 1) * W drop(x) +
/// (g / n) * scale B A drop(x), as in PEFT. Thread-safe.
std::shared_ptr<const SiteDelta> make_dora_delta(LoraSite site, DropoutSite dropout);

/// Norms [out] of the rows of W + scale B A without forming it, W [out, in], A [rank, in], B [out, rank]:
/// n_o^2 = |W_o|^2 + 2 scale B_o (A W_o^T) + scale^2 B_o (A A^T) B_o^T.
at::Tensor updated_row_norms(const at::Tensor& w, const at::Tensor& a, const at::Tensor& b, double scale);

}  // namespace coldframe
