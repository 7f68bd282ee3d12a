#include "framework/data/keyed_permutation.h"

#include "framework/core/error.h"

namespace coldframe {

KeyedPermutation::KeyedPermutation(PhiloxKey key, std::uint64_t stream, std::uint32_t size)
    : key_(key), stream_(stream), size_(size), half_bits_(1) {
  CF_EXPECTS(size > 0);
  while (half_bits_ < 16 && (std::uint64_t{1} << (2 * half_bits_)) < size) ++half_bits_;
}

std::uint32_t KeyedPermutation::operator()(std::uint32_t position) const {
  CF_EXPECTS(position < size_);
  std::uint32_t value = encrypt(position);
  while (value >= size_) value = encrypt(value);
  return value;
}

std::uint32_t KeyedPermutation::encrypt(std::uint32_t value) const {
  const std::uint32_t mask = (1u << half_bits_) - 1;
  std::uint32_t left = value >> half_bits_;
  std::uint32_t right = value & mask;
  for (std::uint32_t round = 0; round < 8; ++round) {
    const PhiloxBlock words = philox4x32(
        {static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32), right, round}, key_);
    const std::uint32_t mixed = left ^ (words[0] & mask);
    left = right;
    right = mixed;
  }
  return (left << half_bits_) | right;
}

}  // namespace coldframe
