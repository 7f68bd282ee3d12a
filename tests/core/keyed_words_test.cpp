#include "framework/core/keyed_words.h"

#include <gtest/gtest.h>

#include <vector>

namespace coldframe {
namespace {

TEST(KeyedWords, are_those_of_the_blocks_for_any_number_of_slots) {
  const KeyedRandom random(11, Purpose::exploration);
  const UserKey user(0x1122334455667788u);
  for (const std::size_t count : {0, 1, 3, 15, 16, 17, 40, 100}) {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t i = 0; i < count; ++i) slots.push_back(0xFFFFFFF0u + 2654435761u * i);
    std::vector<std::uint64_t> words(count);
    keyed_words(random, user, 5, 9, slots, words);
    for (std::size_t i = 0; i < count; ++i) {
      const PhiloxBlock block = random.block(user, 5, 9, slots[i]);
      EXPECT_EQ(words[i], std::uint64_t{block[0]} << 32 | block[1]) << i << " of " << count;
    }
  }
}

}  // namespace
}  // namespace coldframe
