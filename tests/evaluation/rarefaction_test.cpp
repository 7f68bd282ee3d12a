#include "framework/evaluation/rarefaction.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

TEST(Rarefaction, agrees_with_the_hypergeometric_law_of_scipy) {
  const nlohmann::json rarefaction_cases = testing::golden("fairness")["rarefaction"];
  ASSERT_FALSE(rarefaction_cases.empty());
  for (const auto& one : rarefaction_cases) {
    EXPECT_NEAR(rarefied_distinct(one["counts"].get<std::vector<std::uint64_t>>(), one["users"].get<std::uint64_t>(),
                                  one["m"].get<std::uint64_t>()),
                one["distinct"].get<double>(), 1e-9);
  }
  const std::vector<std::uint64_t> counts = {0, 3, 1};
  EXPECT_NEAR(rarefied_distinct(counts, 3, 3), 2.0, 1e-12) << "all users see what was shown";
  EXPECT_NEAR(rarefied_distinct(counts, 3, 1), 1.0 + 1.0 / 3.0, 1e-12);
  EXPECT_THROW(rarefied_distinct(counts, 3, 4), DataError);
  EXPECT_THROW(rarefied_distinct(counts, 2, 1), DataError);
}

TEST(Subsampling, reaches_the_rarefied_mean_and_depends_on_keys_alone) {
  // 40 users, list of user u: items u / 4 and 10 + u / 20.
  std::vector<UserKey> keys;
  std::vector<std::vector<std::size_t>> lists;
  std::vector<std::uint64_t> counts(12, 0);
  for (std::size_t u = 0; u < 40; ++u) {
    keys.emplace_back(100 - u);
    lists.push_back({u / 4, 10 + u / 20});
    for (const std::size_t item : lists.back()) ++counts[item];
  }
  const auto distinct = [&](std::span<const std::size_t> rows) {
    std::vector<bool> seen(12, false);
    for (const std::size_t row : rows) {
      for (const std::size_t item : lists[row]) seen[item] = true;
    }
    return static_cast<double>(std::count(seen.begin(), seen.end(), true));
  };
  const SubsampleOptions options{.m = 12, .replicates = 2000, .level = 0.9, .seed = 4};
  const auto found = subsampled(keys, distinct, options);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->mean, rarefied_distinct(counts, 40, 12), 0.1);
  EXPECT_LT(found->range.low, found->mean);
  EXPECT_GT(found->range.high, found->mean);
  std::reverse(keys.begin(), keys.end());
  std::reverse(lists.begin(), lists.end());
  EXPECT_EQ(subsampled(keys, distinct, options)->mean, found->mean);
  EXPECT_FALSE(subsampled({}, distinct));
  EXPECT_THROW(subsampled(keys, distinct, {.m = 41, .replicates = 2, .level = 0.95, .seed = 1}), DataError);
}

}  // namespace
}  // namespace coldframe
