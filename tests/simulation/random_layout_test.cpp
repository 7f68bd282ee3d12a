#include "framework/simulation/random_layout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace coldframe {
namespace {

const UserKey k_user(0x123456789ABCDEFull);

TEST(SimulationRandom, layout_is_pinned) {
  // Every value is computed here from key and counter by hand; a change of purpose, session, page or slot shows.
  const SimulationRandom random(42);
  const auto word = [](Purpose purpose, std::uint32_t session, std::uint32_t page, std::uint32_t slot) {
    return philox4x32({0x89ABCDEFu, 0x01234567u, (session << 12) | page, slot}, philox_key(42, purpose))[0];
  };
  EXPECT_EQ(random.profile_word(k_user), word(Purpose::population, 0, 0, 0));
  EXPECT_EQ(random.given_like_gumbel(k_user, 77), gumbel(word(Purpose::population, 0, 1, 77)));
  EXPECT_EQ(random.arrival(k_user), uniform_double(word(Purpose::arrival, 0, 0, 0)));
  EXPECT_EQ(random.click(k_user, 3, 9), uniform_double(word(Purpose::choice, 3, 9, 0)));
  EXPECT_EQ(random.item_gumbel(k_user, 3, 9, 77), gumbel(word(Purpose::item_noise, 3, 9, 77)));
  EXPECT_EQ(random.attraction(k_user, 3, 9, 77), uniform_double(word(Purpose::attraction, 3, 9, 77)));
  EXPECT_EQ(random.continuation(k_user, 3, 9, 4), uniform_double(word(Purpose::examination, 3, 9, 4)));
  EXPECT_EQ(random.satisfaction(k_user, 3, 9, 4), uniform_double(word(Purpose::satisfaction, 3, 9, 4)));
  EXPECT_EQ(random.leaving(k_user, 3, 9), uniform_double(word(Purpose::leaving, 3, 9, 0)));
  EXPECT_EQ(random.returning(k_user, 3), uniform_double(word(Purpose::returning, 3, 0, 0)));
  EXPECT_EQ(random.return_gap(k_user, 3), uniform_double(word(Purpose::returning, 3, 0, 1)));
}

TEST(SimulationRandom, golden_values) {
  const SimulationRandom random(42);
  EXPECT_EQ(random.profile_word(k_user), 883325532u);
  EXPECT_DOUBLE_EQ(random.click(k_user, 1, 2), 0.64620245934929699);
  EXPECT_DOUBLE_EQ(random.attraction(k_user, 1, 2, 3), 0.43749534909147769);
  std::vector<double> normals(5);
  random.latent_normals(k_user, normals);
  EXPECT_NEAR(normals[0], 1.6798169550317015, 1e-12);
  EXPECT_NEAR(normals[4], -1.5349995903881473, 1e-12);
}

TEST(SimulationRandom, noise_of_many_items_is_that_of_each) {
  const SimulationRandom random(42);
  for (const std::size_t count : {1, 4, 10, 64, 71}) {
    std::vector<std::uint32_t> slots;
    for (std::uint32_t i = 0; i < count; ++i) slots.push_back(7 + 1000003 * i);
    std::vector<double> noise(count);
    random.item_gumbels(k_user, 3, 9, slots, noise);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(noise[i], random.item_gumbel(k_user, 3, 9, slots[i])) << count;
    random.given_like_gumbels(k_user, slots, noise);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(noise[i], random.given_like_gumbel(k_user, slots[i])) << count;
  }
}

TEST(SimulationRandom, users_beyond_32_bits_do_not_wrap) {
  const SimulationRandom random(1);
  EXPECT_NE(random.click(UserKey(7), 0, 0), random.click(UserKey(7 + (std::uint64_t{1} << 32)), 0, 0));
  EXPECT_NE(random.click(UserKey(7), 0, 0), random.click(UserKey(7 + 65536), 0, 0));
}

TEST(SimulationRandom, no_two_draws_of_a_page_share_a_word) {
  const SimulationRandom random(1);
  std::set<double> seen;
  std::size_t drawn = 0;
  for (std::uint64_t user = 0; user < 4; ++user) {
    for (std::uint32_t session = 0; session < 3; ++session) {
      for (std::uint32_t page = 0; page < 3; ++page) {
        const UserKey key(user);
        for (const double value : {random.click(key, session, page), random.attraction(key, session, page, 0),
                                   random.continuation(key, session, page, 0),
                                   random.satisfaction(key, session, page, 0), random.leaving(key, session, page)}) {
          seen.insert(value);
          ++drawn;
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), drawn);
}

TEST(SimulationRandom, what_changes_over_periods_has_places_of_its_own) {
  const SimulationRandom random(3);
  const KeyedRandom population(3, Purpose::population);
  const UserKey user(77);
  EXPECT_EQ(random.mix_coin(user), population.uniform(user, 0, 2, 0));
  EXPECT_EQ(random.mix_profile(user), population.uniform(user, 0, 2, 1));
  EXPECT_EQ(random.words_coin(user), population.uniform(user, 0, 3, 0));
}

TEST(SimulationRandom, latent_normals_have_mean_zero_and_variance_one_and_prefixes_agree) {
  const SimulationRandom random(3);
  double sum = 0, squares = 0;
  std::vector<double> normals(6), shorter(2);
  for (std::uint64_t user = 0; user < 5000; ++user) {
    random.latent_normals(UserKey(user), normals);
    random.latent_normals(UserKey(user), shorter);
    ASSERT_EQ(shorter[1], normals[1]);
    for (const double value : normals) {
      sum += value;
      squares += value * value;
    }
  }
  // 30,000 draws: standard errors .0058 and .0082.
  EXPECT_NEAR(sum / 30000, 0.0, 0.025);
  EXPECT_NEAR(squares / 30000, 1.0, 0.035);
}

TEST(DerivedSeed, streams_have_seeds_of_their_own) {
  EXPECT_NE(derived_seed(1, "profile pool"), derived_seed(2, "profile pool"));
  EXPECT_NE(derived_seed(1, "profile pool"), derived_seed(1, "informed oracle"));
  EXPECT_NE(derived_seed(1, "profile pool"), 1u);
}

}  // namespace
}  // namespace coldframe
