#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace coldframe {

/// A part B A of a weight, to be trained while the rest stays frozen.
struct Factors {
  at::Tensor a;  // [rank, in] float32
  at::Tensor b;  // [out, rank] float32
};

/// PiSSA (Meng et al., arXiv 2404.02948): with W = U S V^T, B = U_r (S_r / scale)^1/2 and A = (S_r / scale)^1/2 V_r^T;
/// scale B A is the best approximation of W of this rank. In double precision on one thread: the same bits every time.
Factors principal_factors(const at::Tensor& w, std::int64_t rank, double scale);

/// OLoRA (Buyukakyuz, arXiv 2406.01775): with W = Q R, B the first columns of Q and A the first rows of R.
Factors orthonormal_factors(const at::Tensor& w, std::int64_t rank);

/// W - scale B A [out, in], formed in double precision.
at::Tensor without_factors(const at::Tensor& w, const Factors& factors, double scale);

}  // namespace coldframe
