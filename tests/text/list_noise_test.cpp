#include "framework/text/list_noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

std::vector<std::size_t> moved(const std::vector<std::size_t>& places) {
  std::vector<std::size_t> out;
  for (std::size_t p = 0; p < places.size(); ++p) {
    if (places[p] != p) out.push_back(p);
  }
  return out;
}

TEST(MissingFields, nest_and_reach_their_share) {
  int missing = 0;
  for (std::uint32_t draw = 0; draw < 500; ++draw) {
    const NoiseKey key{1, UserKey(3), draw};
    const auto low = missing_fields(4, 0.2, key), high = missing_fields(4, 0.5, key);
    for (std::size_t f = 0; f < 4; ++f) EXPECT_LE(low[f], high[f]);
    missing += static_cast<int>(std::ranges::count(low, true));
  }
  EXPECT_NEAR(missing / 2000.0, 0.2, 3 * std::sqrt(0.2 * 0.8 / 2000));
  EXPECT_EQ(missing_fields(4, 0.0, {}), std::vector<bool>(4, false));
  EXPECT_EQ(missing_fields(4, 1.0, {}), std::vector<bool>(4, true));
}

TEST(ShuffledPlaces, are_a_permutation_that_leaves_unchosen_places_alone) {
  std::size_t at_high = 0;
  for (std::uint32_t draw = 0; draw < 50; ++draw) {
    const NoiseKey key{2, UserKey(8), draw};
    const auto low = shuffled_places(10, 0.3, key), high = shuffled_places(10, 1.0, key);
    EXPECT_TRUE(std::ranges::is_permutation(low, shuffled_places(10, 0.0, key)));
    EXPECT_TRUE(std::ranges::is_permutation(high, shuffled_places(10, 0.0, key)));
    EXPECT_LE(moved(low).size(), 10u);
    at_high += moved(high).size();
  }
  EXPECT_NEAR(static_cast<double>(at_high) / 50, 9.0, 0.5);  // a random permutation keeps one place on average
  EXPECT_TRUE(moved(shuffled_places(10, 0.0, {})).empty());
}

TEST(ShortenedLength, forgets_the_oldest_share) {
  EXPECT_EQ(shortened_length(10, 0.0), 10u);
  EXPECT_EQ(shortened_length(10, 0.35), 7u);
  EXPECT_EQ(shortened_length(10, 1.0), 0u);
  EXPECT_EQ(shortened_length(1, 0.3), 1u);
}

TEST(ListNoise, refuses_severities_outside_the_unit_interval) {
  EXPECT_THROW(missing_fields(1, 1.5, {}), ConfigError);
  EXPECT_THROW(shuffled_places(1, -0.5, {}), ConfigError);
  EXPECT_THROW(shortened_length(1, 2.0), ConfigError);
}

}  // namespace
}  // namespace coldframe
