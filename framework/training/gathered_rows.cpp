#include "framework/training/gathered_rows.h"

#include <ATen/ops/empty.h>

namespace coldframe {

at::Tensor row_index(const std::vector<std::size_t>& rows, std::size_t begin, std::size_t end) {
  at::Tensor index = at::empty({static_cast<std::int64_t>(end - begin)}, at::kLong);
  auto* out = index.data_ptr<std::int64_t>();
  for (std::size_t i = begin; i < end; ++i) out[i - begin] = static_cast<std::int64_t>(rows[i]);
  return index;
}

void add_rows(at::Tensor& gradient, const std::vector<std::size_t>& rows, std::size_t begin, const at::Tensor& values) {
  const std::int64_t width = gradient.size(1);
  auto* out = gradient.data_ptr<float>();
  const auto* in = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.size(0); ++i) {
    float* row = out + static_cast<std::int64_t>(rows[begin + static_cast<std::size_t>(i)]) * width;
    for (std::int64_t d = 0; d < width; ++d) row[d] += in[i * width + d];
  }
}

}  // namespace coldframe
