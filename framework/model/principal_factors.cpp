#include "framework/model/principal_factors.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sqrt.h>

namespace coldframe {
namespace {

/// Factorisations share their work by the number of threads, and sums change with it.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace

Factors principal_factors(const at::Tensor& w, std::int64_t rank, double scale) {
  const OneThread one_thread;
  const auto [u, s, vt] = at::linalg_svd(w.to(at::kDouble), /*full_matrices=*/false);
  const at::Tensor root = at::sqrt(s.slice(0, 0, rank) / scale);
  return {(root.unsqueeze(1) * vt.slice(0, 0, rank)).to(at::kFloat).contiguous(),
          (u.slice(1, 0, rank) * root).to(at::kFloat).contiguous()};
}

Factors orthonormal_factors(const at::Tensor& w, std::int64_t rank) {
  const OneThread one_thread;
  const auto [q, r] = at::linalg_qr(w.to(at::kDouble));
  return {r.slice(0, 0, rank).to(at::kFloat).contiguous(), q.slice(1, 0, rank).to(at::kFloat).contiguous()};
}

at::Tensor without_factors(const at::Tensor& w, const Factors& factors, double scale) {
  const OneThread one_thread;
  return (w.to(at::kDouble) - scale * at::mm(factors.b.to(at::kDouble), factors.a.to(at::kDouble))).to(at::kFloat);
}

}  // namespace coldframe
