#include "framework/simulation/session_lengths.h"

#include <gtest/gtest.h>

#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

/// Users with a session of one page and one of three.
std::vector<JudgedPage> two_sessions_each(std::uint64_t users) {
  std::vector<JudgedPage> pages;
  for (std::uint64_t user = 0; user < users; ++user) {
    for (std::uint32_t p = 0; p < 4; ++p) {
      JudgedPage page;
      page.user = UserKey(user);
      page.number = p;
      page.session = p == 0 ? 0 : 1;
      pages.push_back(std::move(page));
    }
  }
  return pages;
}

TEST(Distances, stand_beside_what_nineteen_of_twenty_redraws_stay_below) {
  std::vector<double> redrawn;
  for (int k = 20; k >= 0; --k) redrawn.push_back(k);
  EXPECT_EQ(beside_chance(7, redrawn).value, 7);
  EXPECT_NEAR(beside_chance(7, redrawn).by_chance, 19, 1e-12);
}

TEST(SessionLengths, of_a_constant_hazard_are_geometric_up_to_a_limit) {
  const CountDistribution law = constant_hazard_lengths(0.5, 3);
  EXPECT_NEAR(law.mean(), 0.5 * 1 + 0.25 * 2 + 0.25 * 3, 1e-15);
  EXPECT_TRUE(constant_hazard_lengths(0.0, 4).constant());
  EXPECT_EQ(constant_hazard_lengths(0.0, 4).mean(), 4);
  const CountDistribution log = session_lengths(two_sessions_each(20));
  EXPECT_EQ(log.total(), 40);
  EXPECT_EQ(log.mean(), 2);
}

TEST(SessionLengths, of_another_hazard_are_noticed) {
  const CountDistribution law = constant_hazard_lengths(0.3, 10), other = constant_hazard_lengths(0.4, 10);
  const KeyedRandom random(5, Purpose::leaving);
  CountDistribution sessions;
  for (std::uint64_t n = 0; n < 2000; ++n) sessions.add(law.quantile(random.uniform(UserKey(n))));
  const Distance own = session_length_distance(sessions, law, 1), wrong = session_length_distance(sessions, other, 1);
  EXPECT_LT(own.value, 1.5 * own.by_chance);
  EXPECT_GT(wrong.value, 2.0 * wrong.by_chance);
}

}  // namespace
}  // namespace coldframe
