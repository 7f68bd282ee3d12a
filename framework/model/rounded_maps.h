#pragma once

#include "framework/model/encoder.h"

namespace coldframe {

/// Under Precision::bf16, gives up the float32 values of every linear map's weight that is neither trained nor read
/// exactly: products take the rounded weight, and nothing updates the other. One map after the other, so that memory
/// never holds both forms of all. Does nothing under fp32. To be called once strategies are attached and their values
/// read; merging is impossible afterwards.
void keep_frozen_maps_rounded(const Encoder& encoder, ParameterStore& parameters);

}  // namespace coldframe
