#pragma once

#include <cstdint>
#include <string_view>

namespace coldframe {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): reflected polynomial 0x82F63B78; "123456789" gives 0xE3069283.
std::uint32_t crc32c(std::string_view bytes);

/// Rotated right by 15 and offset, as TensorFlow's record files store it, so that a checksum over data that hold
/// checksums stays strong: ((crc >> 15) | (crc << 17)) + 0xA282EAD8.
std::uint32_t masked_crc32c(std::string_view bytes);

}  // namespace coldframe
