#include "framework/model/encoder_digest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <span>

#include "framework/core/hash.h"

namespace coldframe {

std::string encoder_digest(const Encoder& encoder, const ParameterStore& parameters) {
  std::string lines;
  for (const ParameterIndex index : encoder.parameters()) {
    const at::Tensor& value = parameters.value(index);
    const std::span bytes(static_cast<const std::byte*>(value.const_data_ptr()), value.nbytes());
    lines +=
        fmt::format("{} [{}] {}\n", parameters.info(index).name, fmt::join(value.sizes(), ", "), sha256_hex(bytes));
  }
  return sha256_hex(lines);
}

}  // namespace coldframe
