#pragma once

#include <cstdint>

namespace coldframe {

/// Row of a token in the embedding table of an encoder.
using TokenId = std::int32_t;

}  // namespace coldframe
