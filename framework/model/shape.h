#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace coldframe {

/// Throws DataError that prints the expected and the received shape of `name`.
void expect_shape(const at::Tensor& tensor, at::IntArrayRef expected, std::string_view name);

}  // namespace coldframe
