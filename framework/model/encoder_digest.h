#pragma once

#include <string>

#include "framework/model/encoder.h"

namespace coldframe {

/// SHA-256 over names, shapes and values of the encoder's own parameters: what adapters and checkpoints store to refuse
/// another base.
std::string encoder_digest(const Encoder& encoder, const ParameterStore& parameters);

}  // namespace coldframe
