#include "framework/core/philox.h"

#include <gtest/gtest.h>

#include <cmath>

namespace coldframe {
namespace {

struct KnownAnswer {
  PhiloxBlock counter;
  PhiloxKey key;
  PhiloxBlock output;
};

// The first three rows stand in the known-answer file of Random123; the rest catch swapped words.
constexpr KnownAnswer k_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    {{1, 0, 0, 0}, {0, 0}, {0xf8e4cca4, 0x5cb200db, 0xb1a574eb, 0x097eff67}},
    {{0, 0, 0, 0}, {1, 0}, {0xe3e80670, 0xe50a0ebc, 0x95f222c0, 0xb615aa27}},
    {{7, 0, 3, 0}, {42, 1}, {0xaef91975, 0x6d70619c, 0xfb0c5a23, 0xbe8b0eb4}},
};

TEST(PhiloxTest, matches_known_answers) {
  for (const KnownAnswer& answer : k_answers) EXPECT_EQ(philox4x32(answer.counter, answer.key), answer.output);
}

TEST(PhiloxTest, uniforms_stay_inside_the_open_interval) {
  for (const std::uint32_t word : {0u, 1u, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_GT(uniform_double(word), 0.0);
    EXPECT_LT(uniform_double(word), 1.0);
    EXPECT_GT(uniform_float(word), 0.0f);
    EXPECT_LT(uniform_float(word), 1.0f);
  }
}

TEST(PhiloxTest, poisson_weights_have_mean_and_variance_one) {
  const KeyedRandom random(3, Purpose::bootstrap);
  double sum = 0, squares = 0;
  constexpr int n = 200000;
  for (int i = 0; i < n; ++i) {
    const int weight = poisson_one(random.block(UserKey(i))[0]);
    sum += weight;
    squares += weight * weight;
  }
  // Standard error of the mean: 1/sqrt(n) = .0022; of the variance: sqrt((mu4 - 1)/n) = sqrt(3/n) = .0039.
  EXPECT_NEAR(sum / n, 1.0, 5 * .0022);
  EXPECT_NEAR(squares / n - (sum / n) * (sum / n), 1.0, 5 * .0039);
}

TEST(PhiloxTest, normals_have_the_moments_of_a_standard_normal) {
  const KeyedRandom random(4, Purpose::population);
  double sum = 0, squares = 0, fourth = 0;
  constexpr int n = 100000;
  for (int i = 0; i < n; ++i) {
    const PhiloxBlock block = random.block(UserKey(i));
    for (const double x : standard_normals(block[0], block[1])) {
      sum += x;
      squares += x * x;
      fourth += x * x * x * x;
    }
  }
  EXPECT_NEAR(sum / (2 * n), 0.0, 5 / std::sqrt(2.0 * n));
  EXPECT_NEAR(squares / (2 * n), 1.0, 5 * std::sqrt(2.0 / (2 * n)));
  EXPECT_NEAR(fourth / (2 * n), 3.0, 5 * std::sqrt(96.0 / (2 * n)));
}

TEST(PhiloxTest, layout_and_key_derivation_are_frozen) {
  EXPECT_EQ(philox_counter(UserKey(0x1122334455667788u), 5, 6, 7),
            (PhiloxBlock{0x55667788u, 0x11223344u, (5u << 12) | 6u, 7u}));
  // Regenerate only with a new format version: every stored result depends on these words.
  EXPECT_EQ(KeyedRandom(42, Purpose::choice).block(UserKey(7), 1, 2, 3),
            philox4x32({7, 0, (1u << 12) | 2u, 3}, philox_key(42, Purpose::choice)));
}

}  // namespace
}  // namespace coldframe
