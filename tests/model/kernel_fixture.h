#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <type_traits>
#include <vector>

#include "framework/core/philox.h"
#include "framework/model/kernels/bf16.h"
#include "framework/model/kernels/instruction_sets.h"
#include "framework/model/keyed_mask.h"

namespace coldframe::test {

inline double widen(float x) { return x; }
inline double widen(Bf16 x) { return std::bit_cast<float>(std::uint32_t{x.bits} << 16); }

template <class T>
T narrow(double x) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<float>(x);
  } else {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
    return {static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16)};
  }
}

/// Keyed values in [-size, size], exactly representable as T.
template <class T>
std::vector<T> values(std::size_t n, std::uint64_t name, double size = 1) {
  const KeyedRandom random(name, Purpose::initialisation);
  std::vector<T> result;
  for (std::size_t i = 0; i < n; ++i) {
    result.push_back(narrow<T>(size * (2 * (random.block(UserKey(i))[0] / 4294967296.0) - 1)));
  }
  return result;
}

template <class T>
double tolerance() {
  return std::is_same_v<T, float> ? 4e-6 : 0.02;  // of values near 1; bfloat16 rounds by 2^-9
}

template <class T>
void expect_near(const std::vector<double>& expected, const std::vector<T>& got, const std::string& what) {
  ASSERT_EQ(expected.size(), got.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(expected[i], widen(got[i]), tolerance<T>() * std::max(1.0, std::abs(expected[i])))
        << what << " element " << i;
  }
}

/// The mask of element (row, c), drawn one block at a time.
inline double mask_at(const MaskKey& key, const MaskRow& row, std::size_t c) {
  const PhiloxBlock words =
      philox4x32({static_cast<std::uint32_t>(row.view_key), static_cast<std::uint32_t>(row.view_key >> 32), row.token,
                  row.first_block + static_cast<std::uint32_t>(c / 4)},
                 key.key);
  return words[c % 4] < key.threshold ? 0.0 : double{key.scale};
}

template <class T>
class KernelTest : public ::testing::Test {
 protected:
  ~KernelTest() override { use_kernel_instruction_set(""); }

  template <class Check>
  void on_every_set(const Check& check) {
    for (const std::string& set : kernel_instruction_sets()) {
      SCOPED_TRACE(set);
      use_kernel_instruction_set(set);
      check();
    }
  }
};

using ElementTypes = ::testing::Types<float, Bf16>;
}  // namespace coldframe::test
