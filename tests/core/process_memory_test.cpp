#include "framework/core/process_memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace coldframe {
namespace {

TEST(PeakMemory, grows_with_what_is_touched_and_never_shrinks) {
  const std::size_t before = peak_memory_bytes();
  EXPECT_GT(before, std::size_t{1} << 20);
  {
    std::vector<char> block(before + (std::size_t{64} << 20), 1);
    ASSERT_EQ(block.back(), 1);
  }
  EXPECT_GE(peak_memory_bytes(), before + (std::size_t{64} << 20));
}

}  // namespace
}  // namespace coldframe
