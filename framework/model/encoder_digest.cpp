#include "framework/model/encoder_digest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/core/hash.h"

namespace coldframe {

std::string encoder_digest(const Encoder& encoder, const ParameterStore& parameters) {
  std::string lines;
  for (const ParameterIndex index : encoder.parameters()) {
    lines += fmt::format("{} [{}] {}\n", parameters.info(index).name, fmt::join(parameters.sizes(index), ", "),
                         parameters.sha256(index));
  }
  return sha256_hex(lines);
}

}  // namespace coldframe
