#include "framework/evaluation/exposure.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/evaluation/goldens.h"

namespace coldframe {
namespace {

using testing::items_of;

Exposure worked_example() {  // counts (3, 1, 0, 0)
  Exposure exposure(4);
  exposure.add_list(items_of({0, 1}));
  exposure.add_list(items_of({0}));
  exposure.add_list(items_of({0}));
  return exposure;
}

TEST(Exposure, worked_example_in_both_conventions) {
  const Exposure exposure = worked_example();
  EXPECT_DOUBLE_EQ(exposure.coverage(), 0.5);
  EXPECT_DOUBLE_EQ(exposure.coverage_pad(), 0.4);
  EXPECT_DOUBLE_EQ(exposure.gini(), 0.625);
  EXPECT_DOUBLE_EQ(exposure.gini_pad(), 0.7);
  EXPECT_NEAR(exposure.entropy(), 0.56234, 5e-6);
  EXPECT_NEAR(exposure.entropy_per_item(), 0.28117, 5e-6);
  EXPECT_DOUBLE_EQ(exposure.mean_popularity(std::vector<std::uint64_t>{10, 2, 5, 0}), (3 * 10 + 2) / 4.0);
}

TEST(Exposure, even_exposure_has_no_concentration_and_empty_exposure_is_all_zero) {
  Exposure even(3);
  even.add_list(items_of({0, 1, 2}));
  EXPECT_NEAR(even.gini(), 0.0, 1e-15);
  EXPECT_DOUBLE_EQ(even.coverage(), 1.0);
  const Exposure empty(3);
  EXPECT_EQ(empty.gini(), 0.0);
  EXPECT_EQ(empty.entropy_per_item(), 0.0);
  EXPECT_EQ(empty.share_of(items_of({1})), 0.0);
  EXPECT_EQ(Exposure(0).coverage(), 0.0);
}

TEST(Exposure, tail_is_the_least_seen_four_fifths_with_zeros_included) {
  const std::vector<std::uint64_t> train = {9, 0, 5, 1, 3};
  EXPECT_EQ(tail_items(train, 0.8), items_of({1, 3, 4, 2}));
  Exposure exposure(5);
  exposure.add_list(items_of({0, 2, 1, 0}));
  EXPECT_DOUBLE_EQ(exposure.share_of(tail_items(train, 0.8)), 0.5);
}

TEST(Exposure, tail_seen_follows_recbole) {
  // Seen: 2 (1), 3 (1), 0 (4), 4 (7): a tenth of 4 is rounded up to one, ties go to the smaller id, cold item 1 never.
  const std::vector<std::uint64_t> train = {4, 0, 1, 1, 7};
  EXPECT_EQ(tail_seen_items(train, 0.1), items_of({2}));
  EXPECT_EQ(tail_seen_items(train, 0.5), items_of({2, 3}));
  EXPECT_EQ(tail_seen_items(train, 4.0), items_of({0, 2, 3}));  // above 1: count <= ratio
  EXPECT_TRUE(tail_seen_items(std::vector<std::uint64_t>{0, 0}, 0.1).empty());
}

TEST(Exposure, agrees_with_independent_definitions_in_both_conventions) {
  const nlohmann::json golden = testing::golden("evaluation")["exposure"];
  ASSERT_FALSE(golden.empty());
  for (const auto& one : golden) {
    Exposure exposure(one["items"].get<std::size_t>());
    for (const auto& list : one["lists"]) exposure.add_list(testing::items_in(list));
    const auto train = one["train"].get<std::vector<std::uint64_t>>();
    EXPECT_NEAR(exposure.coverage(), one["coverage"].get<double>(), 1e-12);
    EXPECT_NEAR(exposure.coverage_pad(), one["coverage_pad"].get<double>(), 1e-12);
    EXPECT_NEAR(exposure.gini(), one["gini"].get<double>(), 1e-12);
    EXPECT_NEAR(exposure.gini_pad(), one["gini_pad"].get<double>(), 1e-12);
    EXPECT_NEAR(exposure.entropy(), one["entropy"].get<double>(), 1e-12);
    EXPECT_NEAR(exposure.entropy_per_item(), one["entropy_per_item"].get<double>(), 1e-12);
    EXPECT_NEAR(exposure.share_of(tail_seen_items(train)), one["tail_seen"].get<double>(), 1e-12);
    EXPECT_NEAR(exposure.mean_popularity(train), one["popularity"].get<double>(), 1e-12);
  }
}

TEST(Exposure, shards_merge_to_the_whole_and_strangers_are_refused) {
  Exposure first(4), second(4);
  first.add_list(items_of({0, 1}));
  second.add_list(items_of({0}));
  second.add_list(items_of({0}));
  second.merge(first);
  EXPECT_EQ(second.counts(), worked_example().counts());
  EXPECT_EQ(second.gini(), worked_example().gini());
  EXPECT_THROW(second.merge(Exposure(5)), DataError);
  EXPECT_THROW(second.add_list(items_of({0, 4})), DataError);
  EXPECT_EQ(second.slots(), 4u) << "a refused list must not be counted in part";
  EXPECT_THROW(second.mean_popularity(std::vector<std::uint64_t>{1}), DataError);
}

}  // namespace
}  // namespace coldframe
