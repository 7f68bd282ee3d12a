#include "framework/model/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/core/error.h"

namespace coldframe {

void expect_shape(const at::Tensor& tensor, at::IntArrayRef expected, std::string_view name) {
  if (tensor.sizes() == expected) return;
  throw DataError(fmt::format("{} has shape [{}]", name, fmt::join(tensor.sizes(), ", ")),
                  fmt::format("must be [{}]", fmt::join(expected, ", ")));
}

}  // namespace coldframe
