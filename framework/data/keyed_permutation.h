#pragma once

#include <cstdint>

#include "framework/core/philox.h"

namespace coldframe {

/// A pseudo-random permutation of 0 .. size-1 that is computed per element and stores nothing: a balanced Feistel
/// network of eight Philox rounds on the next even number of bits, walked until it lands inside the range (Black and
/// Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002). Epoch orders and samples without replacement come
/// from it.
class KeyedPermutation {
 public:
  /// `stream` names the permutation among those of the key: an epoch, a step.
  KeyedPermutation(PhiloxKey key, std::uint64_t stream, std::uint32_t size);

  std::uint32_t operator()(std::uint32_t position) const;  // position < size
  std::uint32_t size() const { return size_; }

 private:
  std::uint32_t encrypt(std::uint32_t value) const;

  PhiloxKey key_;
  std::uint64_t stream_;
  std::uint32_t size_;
  std::uint32_t half_bits_;
};

}  // namespace coldframe
