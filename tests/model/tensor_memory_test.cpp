#include "framework/model/tensor_memory.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace coldframe {
namespace {

at::Tensor bytes(std::int64_t n) { return at::empty({n}, at::TensorOptions().dtype(at::kByte)); }

/// Process-wide, so every test of this program runs on kept memory.
class TensorMemoryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { keep_tensor_memory(1 << 24); }
};

TEST_F(TensorMemoryTest, a_freed_block_is_handed_out_again) {
  const void* first = bytes(100'000).data_ptr();
  const std::size_t fresh = tensor_memory().fresh_blocks;
  const at::Tensor again = bytes(99'000);
  EXPECT_EQ(again.data_ptr(), first);
  EXPECT_EQ(tensor_memory().fresh_blocks, fresh);
}

TEST_F(TensorMemoryTest, blocks_are_aligned_large_enough_and_apart) {
  std::vector<at::Tensor> tensors;
  for (std::int64_t n = 1; n < 3'000'000; n = n * 5 / 4 + 1) {
    tensors.push_back(bytes(n).fill_(static_cast<std::int64_t>(tensors.size() % 200)));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensors.back().data_ptr()) % 64, 0u);
  }
  for (std::size_t i = 0; i < tensors.size(); ++i)
    EXPECT_TRUE(tensors[i].eq(static_cast<std::int64_t>(i % 200)).all().item<bool>());
}

TEST_F(TensorMemoryTest, waste_stays_below_half) {
  for (const std::int64_t n : {257, 1000, 4097, 70'001, 1'048'577}) {
    const std::size_t before = tensor_memory().used_bytes;
    const at::Tensor tensor = bytes(n);
    EXPECT_LE(static_cast<double>(tensor_memory().used_bytes - before), static_cast<double>(n) * 1.5 + 1) << n;
    EXPECT_GE(tensor_memory().used_bytes - before, static_cast<std::size_t>(n));
  }
}

TEST_F(TensorMemoryTest, blocks_take_no_more_than_the_most_that_was_used_and_the_surplus) {
  for (std::int64_t size = 3'000'000; size < 12'000'000; size += 1'500'000) {  // no size serves the next one
    std::vector<at::Tensor> many;
    for (std::int64_t left = 60'000'000; left > 0; left -= size) many.push_back(bytes(size));
    const TensorMemory now = tensor_memory();
    EXPECT_LE(now.used_bytes + now.idle_bytes, now.peak_bytes + (std::size_t{1} << 24)) << size;
  }
  EXPECT_LE(tensor_memory().peak_bytes, 90'000'000u);
}

TEST_F(TensorMemoryTest, threads_may_free_what_others_took) {
  std::vector<at::Tensor> taken;
  std::thread([&] {
    for (int i = 0; i < 100; ++i) taken.push_back(bytes(1000 + i));
  }).join();
  const std::size_t used = tensor_memory().used_bytes;
  taken.clear();
  EXPECT_LT(tensor_memory().used_bytes, used);
  EXPECT_EQ(bytes(0).numel(), 0);
}

}  // namespace
}  // namespace coldframe
