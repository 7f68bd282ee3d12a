#include "framework/reporting/robustness_pool.h"

#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

/// A run of a variant with people of these keys, each of utility key / 10, one kind of noise that takes half of it.
RobustnessPool run_of(const std::string& variant, const std::vector<std::uint64_t>& keys, double changed = 0.5) {
  RobustnessPool run{variant, variant + "-folder", {}, {}, {}};
  RobustnessSeries series{variant, "template", 0, {}, {{"typos", 0.1, {{}, {}}, changed, 0.4, 0.6, 0.8}}};
  CertifiedSeries certified{variant, "template", 0, {}, {}, {}};
  for (const std::uint64_t key : keys) {
    run.users.emplace_back(key);
    series.clean.push_back(static_cast<double>(key) / 10);
    for (auto& draw : series.results[0].utility) draw.push_back(static_cast<double>(key) / 20);
    certified.set_radius.push_back(static_cast<double>(key));
    certified.order_radius.push_back(static_cast<double>(key) / 2);
  }
  run.series = {series};
  run.certified = {certified};
  return run;
}

// Folds of two and three people: shares are means over all five, (2 x .5 + 3 x .1) / 5 = .26.
TEST(RobustnessPool, folds_of_a_variant_are_one_table) {
  std::vector<RobustnessPool> pools;
  add_to_pools(run_of("lora", {1, 2}), pools);
  add_to_pools(run_of("full", {1, 2}), pools);
  add_to_pools(run_of("lora", {3, 4, 5}, 0.1), pools);
  ASSERT_EQ(pools.size(), 2u);
  const RobustnessPool& lora = pools[0];
  EXPECT_EQ(lora.users.size(), 5u);
  EXPECT_EQ(lora.series[0].clean, (std::vector<double>{0.1, 0.2, 0.3, 0.4, 0.5}));
  ASSERT_EQ(lora.series[0].results[0].utility.size(), 2u);
  EXPECT_EQ(lora.series[0].results[0].utility[1], (std::vector<double>{0.05, 0.1, 0.15, 0.2, 0.25}));
  EXPECT_DOUBLE_EQ(lora.series[0].results[0].changed, 0.26);
  EXPECT_DOUBLE_EQ(lora.series[0].results[0].rbo, 0.6);
  EXPECT_EQ(lora.certified[0].set_radius.size(), 5u);
  EXPECT_EQ(pools[1].users.size(), 2u);
}

TEST(RobustnessPool, two_runs_on_the_same_people_stand_side_by_side) {
  std::vector<RobustnessPool> pools;
  add_to_pools(run_of("lora", {1, 2}), pools);
  add_to_pools(run_of("lora", {2, 3}), pools);
  EXPECT_EQ(pools.size(), 2u);
}

TEST(RobustnessPool, one_table_holds_pools_of_the_same_people_alone) {
  std::vector<RobustnessPool> pools = {run_of("lora", {1, 2}), run_of("full", {1, 2})};
  EXPECT_NO_THROW(require_same_people(pools));
  pools.push_back(run_of("other", {2, 1}));
  EXPECT_THROW(require_same_people(pools), DataError) << "paired by place, so the order matters too";
}

TEST(RobustnessPool, what_was_not_asked_the_same_is_refused) {
  std::vector<RobustnessPool> pools;
  add_to_pools(run_of("lora", {1, 2}), pools);
  RobustnessPool other = run_of("lora", {3});
  other.series.push_back(other.series.front());
  EXPECT_THROW(add_to_pools(other, pools), DataError);
  other = run_of("lora", {3});
  other.series[0].results[0].severity = 0.2;
  EXPECT_THROW(add_to_pools(other, pools), DataError);
}

}  // namespace
}  // namespace coldframe
