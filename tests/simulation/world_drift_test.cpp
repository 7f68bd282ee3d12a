#include "framework/simulation/world_drift_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/blended_taste.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/newcomers.h"
#include "framework/simulation/oracle.h"
#include "framework/simulation/population_mix.h"
#include "framework/simulation/replay.h"
#include "framework/simulation/softmax_world.h"
#include "framework/simulation/topic_world.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 12;

TopicParameters two_topics(std::size_t attribute_size) {
  TopicParameters p{k_items,     2,  attribute_size, {}, std::vector<double>(k_items, 1.0 / k_items),
                    {0.3, -0.3}, {}, {1, 0, -1, 0.5}};
  p.attribute_effect.assign(2 * attribute_size, 0.4);
  for (std::size_t t = 0; t < 2; ++t) {
    for (std::size_t i = 0; i < k_items; ++i) p.topic_items.push_back((i % 2 == t ? 5.0 : 1.0) / (3.0 * k_items));
  }
  return p;
}

/// 50 newcomers per period; worlds softmax-0 and topics-0.
class WorldDriftTest : public ::testing::Test {
 protected:
  WorldDriftTest() : population_(small_population(k_items, 3)) {
    population_.latents.worlds.push_back({0, two_topics(population_.observables.law.encoded_size())});
  }
  Newcomers drifting(const std::string& kind, std::int64_t at, std::int64_t over) const {
    WorldDriftOptions drift;
    drift.kind = kind;
    drift.to = "topics-0";
    drift.at_period = at;
    drift.over_periods = over;
    return Newcomers(population_, population_.world("softmax-0"), 0.5, &drift);
  }
  static std::vector<double> shares(const Newcomers& newcomers, std::uint64_t number) {
    const Latents latents = newcomers.latents(newcomers.newcomer(number));
    std::vector<double> shares;
    for (const double utility : LatentsProbe::utilities(latents)) shares.push_back(std::exp(utility) / k_items);
    return shares;
  }
  Population population_;
};

TEST_F(WorldDriftTest, a_cohort_of_one_period_lives_in_the_world_of_another) {
  WorldDriftOptions drift;
  drift.kind = "sudden";
  drift.to = "topics-0";
  drift.at_period = 2;
  MixDriftOptions mix_options;
  mix_options.kind = "sudden";
  mix_options.weights = {"gender:F=0"};
  mix_options.at_period = 1;
  const PopulationMix mix(population_.observables, mix_options);
  const World& world = population_.world("softmax-0");
  const Newcomers own(population_, world, 0.5, &drift, &mix, {"tested", {}});
  const Newcomers later(population_, world, 0.5, &drift, &mix, {"tested", 3});
  const Newcomers everybody(population_, world, 0.5, &drift, &mix);
  int others = 0;
  for (std::uint64_t number = 0; number < 60; ++number) {
    // The same person, from before the mix changed, who comes when the world has changed.
    const Newcomer then = own.newcomer(number), now = later.newcomer(number);
    EXPECT_EQ(then.profile, now.profile);
    EXPECT_EQ(then.period, number / 50);
    EXPECT_EQ(now.period, 3u);
    EXPECT_EQ(now.arrival - then.arrival,
              std::llround((3.0 - static_cast<double>(then.period)) * population_.observables.period_seconds));
    EXPECT_EQ(shares(later, number) == shares(own, number), false);
    others += everybody.newcomer(number).profile == then.profile ? 0 : 1;
  }
  EXPECT_GT(others, 10) << "people of another stream are other people";
  EXPECT_EQ(shares(own, 120), shares(later, 120)) << "period 2 has the law of period 3";
}

TEST_F(WorldDriftTest, sudden_is_the_old_world_and_then_the_new_one) {
  const Newcomers before(population_, population_.world("softmax-0"), 0.5);
  const Newcomers after(population_, population_.world("topics-0"), 0.5);
  const Newcomers drift = drifting("sudden", 2, 4);
  for (const std::uint64_t number : {0u, 99u}) EXPECT_EQ(shares(drift, number), shares(before, number));
  for (const std::uint64_t number : {100u, 1000u}) EXPECT_EQ(shares(drift, number), shares(after, number));
}

TEST_F(WorldDriftTest, recurring_takes_turns) {
  const Newcomers before(population_, population_.world("softmax-0"), 0.5);
  const Newcomers after(population_, population_.world("topics-0"), 0.5);
  const Newcomers drift = drifting("recurring", 1, 2);  // periods 1 2 new, 3 4 old, 5 6 new
  for (const std::uint64_t period : {1u, 2u, 5u}) EXPECT_EQ(shares(drift, period * 50), shares(after, period * 50));
  for (const std::uint64_t period : {0u, 3u, 4u}) EXPECT_EQ(shares(drift, period * 50), shares(before, period * 50));
}

TEST_F(WorldDriftTest, gradual_turns_over_the_share_of_newcomers_that_the_weight_says) {
  population_.observables.users_per_period = 4000;
  const Newcomers before(population_, population_.world("softmax-0"), 0.5);
  const Newcomers after(population_, population_.world("topics-0"), 0.5);
  const Newcomers drift = drifting("gradual", 1, 4);
  for (std::uint64_t period = 0; period < 6; ++period) {
    const double weight = std::min(1.0, static_cast<double>(period) / 4.0);
    double turned = 0;
    for (std::uint64_t number = period * 4000; number < period * 4000 + 1000; ++number) {
      const std::vector<double> now = shares(drift, number);
      const bool is_new = now == shares(after, number);
      EXPECT_TRUE(is_new || now == shares(before, number));
      turned += is_new ? 1 : 0;
    }
    EXPECT_NEAR(turned / 1000, weight, 4 * std::sqrt(weight * (1 - weight) / 1000) + 1e-12);
  }
}

TEST_F(WorldDriftTest, incremental_mixes_the_probabilities_of_everybody) {
  const Newcomers before(population_, population_.world("softmax-0"), 0.5);
  const Newcomers after(population_, population_.world("topics-0"), 0.5);
  const Newcomers drift = drifting("incremental", 1, 4);
  for (std::uint64_t period = 0; period < 6; ++period) {
    const double weight = std::min(1.0, static_cast<double>(period) / 4.0);
    const std::uint64_t number = period * 50 + 7;
    const std::vector<double> now = shares(drift, number), old_shares = shares(before, number),
                              later = shares(after, number);
    double total = 0;
    for (std::size_t i = 0; i < k_items; ++i) {
      EXPECT_NEAR(now[i], (1 - weight) * old_shares[i] + weight * later[i], 1e-12);
      total += now[i];
    }
    EXPECT_NEAR(total, 1.0, 1e-12);
  }
}

TEST_F(WorldDriftTest, many_draws_at_once_agree_with_one_at_a_time) {
  const std::size_t attributes = population_.observables.law.encoded_size();
  const auto first = make_softmax_taste(known_softmax(k_items, 2, 3, attributes), 0.5);
  const auto second = make_topic_taste(two_topics(attributes), 0.5);
  for (const Blend blend : {Blend::choose, Blend::mix}) {
    const auto taste = make_blended_taste(*first, *second, 0.4, blend);
    constexpr std::size_t draws = 40;
    const std::size_t size = taste->latent_size();
    EXPECT_EQ(size, 6u);
    std::vector<float> normals(size * draws), column(draws);
    for (std::size_t k = 0; k < normals.size(); ++k)
      normals[k] = static_cast<float>(std::sin(0.7 * static_cast<double>(k)));
    const std::vector<double> x(attributes, 0.25);
    const TasteDraws many = taste->place_many(1, x, normals, draws);
    std::vector<double> own(size), state(size), utilities(k_items);
    for (const std::size_t m : {std::size_t{0}, std::size_t{17}, std::size_t{39}}) {
      for (std::size_t l = 0; l < size; ++l) own[l] = normals[l * draws + m];
      taste->place(x, own, state);
      taste->utilities(1, state, utilities);
      for (std::uint32_t i = 0; i < k_items; ++i) {
        taste->item_utilities(many, ItemId(i), column);
        EXPECT_NEAR(column[m], utilities[i], 2e-5);
      }
    }
  }
}

TEST_F(WorldDriftTest, replay_has_the_same_bits_for_any_threads_and_blocks_and_for_a_user_alone) {
  SimulationOptions options;
  options.slate_size = 3;
  options.pages = 3;
  options.given_likes = 1;
  const Catalogue catalogue = small_catalogue(k_items);
  const std::unique_ptr<UserModel> model = make_user_model(options, {1.0, 1.0});
  const LatentOracle oracle("oracle", *model, catalogue.ties(1));
  for (const char* kind : {"sudden", "gradual", "incremental", "recurring"}) {
    const Newcomers newcomers = drifting(kind, 1, 3);
    const InformedOracle informed("informed", newcomers, *model, catalogue.ties(1), {64, 8, 10, 1});
    const std::vector<Contestant> contestants = {oracle, informed};
    const auto run = [&](std::int64_t threads, std::int64_t block, std::uint64_t begin, std::uint64_t end) {
      options.threads = threads;
      options.block_users = block;
      return replay({&newcomers, &catalogue, model.get()}, contestants, options, {begin, end, KeepLog::no, {}});
    };
    const ReplayResult whole = run(1, 64, 30, 180);
    EXPECT_EQ(pack(run(3, 7, 30, 180)), pack(whole)) << kind;
    EXPECT_EQ(run(2, 64, 120, 121).policies[1].users[0], whole.policies[1].users[90]) << kind;
    EXPECT_GT(whole.policies[0].expected.value(), whole.policies[1].expected.value()) << kind;
  }
}

TEST_F(WorldDriftTest, an_informed_oracle_that_sleeps_through_the_change_falls_behind) {
  SimulationOptions options;
  options.slate_size = 3;
  options.pages = 2;
  options.threads = 2;
  const Catalogue catalogue = small_catalogue(k_items);
  const std::unique_ptr<UserModel> model = make_user_model(options, {1.0, 1.0});
  const Newcomers drift = drifting("sudden", 1, 1);
  const Newcomers asleep(population_, population_.world("softmax-0"), 0.5);
  const InformedOracle knows("knows", drift, *model, catalogue.ties(1), {256, 12, 10, 1});
  const InformedOracle sleeps("sleeps", asleep, *model, catalogue.ties(1), {256, 12, 10, 1});
  const std::vector<Contestant> contestants = {knows, sleeps};
  const auto gap = [&](std::uint64_t begin, std::uint64_t end) {
    const ReplayResult result =
        replay({&drift, &catalogue, model.get()}, contestants, options, {begin, end, KeepLog::no, {}});
    return result.policies[0].expected_rate() - result.policies[1].expected_rate();
  };
  EXPECT_EQ(gap(0, 50), 0.0);
  EXPECT_GT(gap(50, 350), 0.01);
}

TEST_F(WorldDriftTest, impossible_settings_are_errors) {
  WorldDriftOptions drift;
  drift.kind = "sudden";
  EXPECT_EQ(drift.validate().size(), 1u);  // to what?
  drift.to = "topics-7";
  EXPECT_TRUE(drift.validate().empty());
  const auto refusal = [&](const std::string& to) -> std::string {
    drift.to = to;
    try {
      Newcomers(population_, population_.world("softmax-0"), 1.0, &drift);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal("topics-7"),
              AllOf(::testing::HasSubstr("world_drift.to = topics-7"), ::testing::HasSubstr("topics-0")));
  EXPECT_THAT(refusal("softmax-0"), ::testing::HasSubstr("from the beginning"));
  drift.to = "topics-0";
  drift.kind = "none";
  EXPECT_EQ(drift.validate().size(), 1u);  // a target that could never show
}

}  // namespace
}  // namespace coldframe
