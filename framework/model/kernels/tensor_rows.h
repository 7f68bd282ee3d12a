#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/BFloat16.h>

#include "framework/core/error.h"
#include "framework/model/kernels/bf16.h"

namespace coldframe {

// Between tensors and kernels: pointers of the element type that a kernel was written for.

static_assert(sizeof(Bf16) == sizeof(c10::BFloat16));

/// Calls work(T()) with T the kernels' name of the tensor's element type, float or Bf16.
template <class Work>
void with_element_type(const at::Tensor& x, const Work& work) {
  CF_ASSERT(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
  if (x.scalar_type() == at::kBFloat16) {
    work(Bf16());
  } else {
    work(float());
  }
}

/// Stands for an operand that is not there: autograd functions take no undefined tensors.
inline at::Tensor no_elements() { return at::empty({0}, at::TensorOptions().dtype(at::kFloat)); }

/// First element of a contiguous tensor of T.
template <class T>
const T* elements(const at::Tensor& x) {
  return static_cast<const T*>(x.const_data_ptr());
}

template <class T>
T* mutable_elements(const at::Tensor& x) {
  return static_cast<T*>(x.mutable_data_ptr());
}

}  // namespace coldframe
