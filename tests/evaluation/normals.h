#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/core/philox.h"

namespace coldframe::test {

/// Standard normals named by (stream, place).
inline std::vector<float> normals(std::size_t count, std::uint64_t stream) {
  const KeyedRandom random(7, Purpose::subsample);
  std::vector<float> values;
  for (std::uint32_t i = 0; i < count; ++i) {
    const PhiloxBlock words = random.block(UserKey(stream), 0, 0, i);
    values.push_back(static_cast<float>(standard_normals(words[0], words[1])[0]));
  }
  return values;
}

}  // namespace coldframe::test
