#include "framework/model/rounded_maps.h"

#include <utility>

namespace coldframe {

void keep_frozen_maps_rounded(const Encoder& encoder, ParameterStore& parameters) {
  if (parameters.precision() != Precision::bf16) return;
  for (const LinearSite& map : encoder.linear_sites()) {
    const ParameterInfo& info = std::as_const(parameters).info(map.weight);
    if (!info.trainable && !info.exact) parameters.keep_rounded_only(map.weight);
  }
}

}  // namespace coldframe
