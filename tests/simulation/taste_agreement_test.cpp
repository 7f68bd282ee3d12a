#include "framework/simulation/taste_agreement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "framework/simulation/softmax_world.h"
#include "framework/simulation/twins.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

WorldData blank_people(std::size_t items, std::size_t users, std::uint64_t first_key) {
  WorldData blank{items, 2, 2, {}};
  for (std::size_t u = 0; u < users; ++u) {
    blank.users.push_back(
        {first_key + u, static_cast<std::uint32_t>(u % 2), 1, {0.5, -0.5}, std::vector<std::uint32_t>(8)});
  }
  return blank;
}

std::vector<std::uint32_t> all_items(std::size_t items) {
  std::vector<std::uint32_t> list(items);
  std::iota(list.begin(), list.end(), 0u);
  return list;
}

TEST(TasteAgreement, counts_users_by_their_weight) {
  const WorldData a{3, 1, 0, {{1, 0, 1, {}, {0, 1}}, {2, 0, 3, {}, {0, 2}}}};
  const WorldData b{3, 1, 0, {{1, 0, 1, {}, {0, 2}}}};
  EXPECT_NEAR(popularity_distance(a, b), 0.125, 1e-12);  // shares (4, 1, 3) / 8 and (4, 0, 4) / 8
}

TEST(TasteAgreement, has_intervals_that_cover_what_such_samples_show_on_average) {
  // 120 times other people and other twins of the same two worlds.
  constexpr int k_samples = 120;
  const std::size_t items = 20;
  const auto taste = make_softmax_taste(known_softmax(items, 2, 2, 2), 1.0);
  SoftmaxParameters other = known_softmax(items, 2, 2, 2);
  for (double& factor : other.item_factors) factor *= 0.5;
  const auto twin_taste = make_softmax_taste(other, 1.0);
  const std::vector<std::uint32_t> among = all_items(items);
  std::vector<TasteAgreement> found;
  for (std::uint32_t s = 0; s < k_samples; ++s) {
    const WorldData people = draw_twins(*taste, blank_people(items, 80, 1000 * (s + 1)), 31, 1);
    const WorldData twins = draw_twins(*twin_taste, people, 32, 2);
    found.push_back(taste_agreement(twins, people, among, {.replicates = 80}));
  }
  for (const auto number :
       {&TasteAgreement::popularity_distance, &TasteAgreement::co_occurrence, &TasteAgreement::group_taste}) {
    double mean = 0;
    for (const TasteAgreement& one : found) mean += (one.*number).value / k_samples;
    int covered = 0;
    for (const TasteAgreement& one : found) covered += (one.*number).interval->contains(mean) ? 1 : 0;
    EXPECT_GE(covered, 0.95 * k_samples - 3 * std::sqrt(k_samples * 0.05 * 0.95)) << mean;
    const Interval& first = *(found.front().*number).interval;
    EXPECT_LT(first.high - first.low, 0.8) << "an interval that covers everything says nothing";
  }
}

TEST(TasteAgreement, of_people_with_themselves_is_complete) {
  const auto taste = make_softmax_taste(known_softmax(20, 2, 2, 2), 1.0);
  const WorldData people = draw_twins(*taste, blank_people(20, 60, 1), 31, 1);
  const TasteAgreement same = taste_agreement(people, people, all_items(20), {.replicates = 20});
  EXPECT_EQ(same.popularity_distance.value, 0.0);
  EXPECT_EQ(same.popularity_distance.interval->high, 0.0);  // one key, one weight
  EXPECT_NEAR(same.co_occurrence.value, 1.0, 1e-12);
  EXPECT_NEAR(same.co_occurrence.interval->low, 1.0, 1e-9);
}

}  // namespace
}  // namespace coldframe
