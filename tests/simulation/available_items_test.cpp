#include "framework/simulation/detail/available_items.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "framework/core/philox.h"

namespace coldframe::detail {
namespace {

TEST(AvailableItems, are_those_of_the_catalogue_until_it_changes) {
  // More than 64 stretches, asked for in no order, so that some are forgotten while others hold them.
  constexpr std::uint32_t k_items = 60;
  const KeyedRandom random(5, Purpose::subsample);
  std::vector<std::uint64_t> keys;
  std::vector<std::int64_t> from, to;
  for (std::uint32_t i = 0; i < k_items; ++i) {
    keys.push_back(i);
    from.push_back(i < 5 ? Dataset::k_always : uniform_below(random.block(UserKey(i))[0], 1000));
    to.push_back(i % 7 == 0 ? Dataset::k_forever : from.back() + 1 + uniform_below(random.block(UserKey(i))[1], 500));
    if (i < 5 && i % 7 != 0) to.back() = 700;
  }
  const Catalogue catalogue(keys, from, to);
  AvailableItems available(catalogue);
  std::vector<std::pair<std::int64_t, std::shared_ptr<const AvailableItems::Stretch>>> held;
  for (std::uint32_t ask = 0; ask < 600; ++ask) {
    const std::int64_t time = static_cast<std::int64_t>(uniform_below(random.block(UserKey(ask), 1)[0], 1800)) - 100;
    held.emplace_back(time, available.at(time));
  }
  for (const auto& [time, stretch] : held) {
    std::vector<ItemId> expected;
    for (std::uint32_t i = 0; i < k_items; ++i) {
      if (catalogue.available(ItemId(i), time)) expected.emplace_back(i);
    }
    EXPECT_EQ(stretch->items, expected) << time;
    EXPECT_EQ(stretch->until, catalogue.next_change(time));
  }
  EXPECT_EQ(available.at(10), available.at(10));
}

}  // namespace
}  // namespace coldframe::detail
