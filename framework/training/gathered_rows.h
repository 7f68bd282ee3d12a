#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <vector>

namespace coldframe {

/// Rows [begin, end) of a list as an index tensor. [end - begin] int64
at::Tensor row_index(const std::vector<std::size_t>& rows, std::size_t begin, std::size_t end);

/// gradient[rows[begin + i]] += values[i], in order of i: several anchors may share a text. `gradient` [U, D], `values`
/// [n, D] float32.
void add_rows(at::Tensor& gradient, const std::vector<std::size_t>& rows, std::size_t begin, const at::Tensor& values);

}  // namespace coldframe
