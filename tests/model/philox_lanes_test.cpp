#include "framework/model/philox_lanes.h"

#include <gtest/gtest.h>

namespace coldframe {
namespace {

PhiloxLanes counters() {
  PhiloxLanes lanes = {};
  for (std::uint32_t i = 0; i < PhiloxLanes::k_size; ++i) {
    // Words with high bits set, so that a sign mistake in a product would show.
    for (std::uint32_t j = 0; j < 4; ++j) lanes.word[j][i] = 0x9E3779B9u * (i + 1) + 0x85EBCA6Bu * j;
  }
  return lanes;
}

TEST(PhiloxLanesTest, every_instruction_set_gives_the_words_of_the_scalar_function) {
  constexpr PhiloxKey key = {0xFFFFFFF0u, 0xDEADBEEFu};
  const PhiloxLanes before = counters();
  for (const LaneCode code : available_lane_codes()) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{17}, PhiloxLanes::k_size}) {
      PhiloxLanes lanes = before;
      philox_lanes(lanes, count, key, code);
      for (std::size_t i = 0; i < count; ++i) {
        const PhiloxBlock expected =
            philox4x32({before.word[0][i], before.word[1][i], before.word[2][i], before.word[3][i]}, key);
        for (std::size_t j = 0; j < 4; ++j) {
          ASSERT_EQ(lanes.word[j][i], expected[j]) << "code " << static_cast<int>(code) << " lane " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace coldframe
