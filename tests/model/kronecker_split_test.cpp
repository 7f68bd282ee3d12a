#include "framework/model/kronecker_split.h"

#include <gtest/gtest.h>

#include <utility>

namespace coldframe {
namespace {

std::pair<std::int64_t, std::int64_t> split(std::int64_t size, std::int64_t factor) {
  const KroneckerSplit parts = kronecker_split(size, factor);
  return {parts.first, parts.second};
}

TEST(KroneckerSplitTest, splits_like_peft) {
  // What peft.tuners.lokr.layer.factorization(size, factor) returns.
  EXPECT_EQ(split(384, -1), std::pair(16L, 24L));
  EXPECT_EQ(split(1536, -1), std::pair(32L, 48L));
  EXPECT_EQ(split(127, -1), std::pair(1L, 127L));
  EXPECT_EQ(split(256, -1), std::pair(16L, 16L));
  EXPECT_EQ(split(128, 4), std::pair(4L, 32L));
  EXPECT_EQ(split(128, 64), std::pair(64L, 2L));
  EXPECT_EQ(split(128, 3), std::pair(2L, 64L));
  EXPECT_EQ(split(12, 100), std::pair(3L, 4L));
}

}  // namespace
}  // namespace coldframe
