#include "framework/simulation/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 6;
constexpr std::size_t k_slate = 3;
constexpr std::uint64_t k_users = 120;

/// All ordered slates of 3 of 6 items: 120.
std::vector<std::vector<std::size_t>> all_slates() {
  std::vector<std::vector<std::size_t>> slates;
  for (std::size_t a = 0; a < k_items; ++a) {
    for (std::size_t b = 0; b < k_items; ++b) {
      for (std::size_t c = 0; c < k_items; ++c) {
        if (a != b && b != c && a != c) slates.push_back({a, b, c});
      }
    }
  }
  return slates;
}

class OracleTest : public ::testing::TestWithParam<const char*> {
 protected:
  OracleTest()
      : population_(small_population(k_items, 2, 2.0)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(small_catalogue(k_items)) {
    options_.user_model = GetParam();
    options_.slate_size = k_slate;
    options_.pages = 1;
    options_.clicked_items = "stay";
    options_.threads = 2;
    model_ = make_user_model(options_, {1.0, 1.0});
  }

  double reward(std::uint64_t user, std::span<const ItemId> slate) const {
    const Latents latents = newcomers_.latents(newcomers_.newcomer(user));
    std::vector<double> utilities;
    for (const ItemId item : slate) utilities.push_back(LatentsProbe::utilities(latents)[item.value()]);
    return expected_reward(*model_, utilities);
  }

  ReplayResult run(std::span<const Contestant> contestants) const {
    return replay({&newcomers_, &catalogue_, model_.get()}, contestants, options_, {0, k_users, KeepLog::yes, {}});
  }

  /// Mean closed form of oracle and informed oracle when k likes are given.
  std::pair<double, double> ceilings(std::int64_t given) {
    options_.given_likes = given;
    const LatentOracle oracle("oracle", *model_, catalogue_.ties(1));
    const InformedOracle informed("informed", newcomers_, *model_, catalogue_.ties(1), {1024, 64, 5000, 1});
    const std::vector<Contestant> contestants = {oracle, informed};
    const ReplayResult result = run(contestants);
    return {result.policies[0].expected_rate(), result.policies[1].expected_rate()};
  }

  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  SimulationOptions options_;
  std::unique_ptr<UserModel> model_;
};

TEST_P(OracleTest, is_the_best_of_all_ordered_slates_and_no_policy_exceeds_it_for_any_user) {
  const LatentOracle oracle("oracle", *model_, catalogue_.ties(1));
  const InformedOracle informed("informed", newcomers_, *model_, catalogue_.ties(1), {512, 64, 5000, 1});
  const RandomPolicy random("random", 3, catalogue_);
  const FixedScorePolicy popularity(
      "popularity", {population_.world_popularity.begin(), population_.world_popularity.end()}, catalogue_.ties(1));
  const std::vector<Contestant> contestants = {oracle, informed, random, popularity};
  const ReplayResult result = run(contestants);
  for (std::uint64_t user = 0; user < k_users; ++user) {
    double best = 0;
    for (const auto& slate : all_slates()) {
      std::vector<ItemId> items;
      for (const std::size_t item : slate) items.emplace_back(static_cast<std::uint32_t>(item));
      best = std::max(best, reward(user, items));
    }
    EXPECT_NEAR(result.policies[0].log[user].expected, best, 1e-6) << "user " << user;
    for (const PolicyOutcome& outcome : result.policies) {
      EXPECT_LE(outcome.log[user].expected, result.policies[0].log[user].expected + 1e-6) << outcome.policy;
      EXPECT_NEAR(outcome.log[user].expected, reward(user, outcome.log[user].items), 1e-12);
    }
  }
  // Without knowing users the informed oracle beats what does not know the world either.
  EXPECT_LT(result.policies[1].expected_rate(), result.policies[0].expected_rate());
  EXPECT_GT(result.policies[1].expected_rate(), result.policies[2].expected_rate());
  EXPECT_GE(result.policies[1].expected_rate(), result.policies[3].expected_rate());
}

TEST_P(OracleTest, informed_oracle_approaches_the_oracle_as_observations_grow) {
  // Slates of all users are watched for many pages: the posterior closes in on the truth.
  options_.pages = 60;
  const LatentOracle oracle("oracle", *model_, catalogue_.ties(1));
  const InformedOracle informed("informed", newcomers_, *model_, catalogue_.ties(1), {512, 64, 5000, 1});
  const std::vector<Contestant> contestants = {oracle, informed};
  const ReplayResult result =
      replay({&newcomers_, &catalogue_, model_.get()}, contestants, options_, {0, 6, KeepLog::no, {}});
  const auto share = [&](std::size_t from, std::size_t to) {
    double all = 0, known = 0;
    for (std::size_t step = from; step < to; ++step) {
      all += result.policies[0].expected_by_step[step].value();
      known += result.policies[1].expected_by_step[step].value();
    }
    return known / all;
  };
  EXPECT_LE(share(0, 60), 1.0 + 1e-9);
  EXPECT_GT(share(45, 60), share(0, 2));
  EXPECT_GT(share(45, 60), 0.95);
}

TEST_P(OracleTest, given_likes_bring_the_informed_oracle_closer) {
  const auto [oracle_0, informed_0] = ceilings(0);
  const auto [oracle_3, informed_3] = ceilings(3);
  EXPECT_NEAR(oracle_0, oracle_3, 1e-9);  // clicked_items = stay: likes take nothing away
  EXPECT_LE(informed_0, oracle_0 + 1e-9);
  EXPECT_LE(informed_3, oracle_3 + 1e-9);
  EXPECT_GT(informed_3, informed_0 + 0.1 * (oracle_0 - informed_0));
}

TEST_P(OracleTest, greedy_search_is_close_to_enumeration) {
  const InformedOracle exact("exact", newcomers_, *model_, catalogue_.ties(1), {512, 64, 5000, 1});
  const InformedOracle greedy("greedy", newcomers_, *model_, catalogue_.ties(1), {512, 6, 1, 1});
  const std::vector<Contestant> contestants = {exact, greedy};
  const ReplayResult result = run(contestants);
  EXPECT_GT(result.policies[1].expected_rate(), 0.98 * result.policies[0].expected_rate());
}

INSTANTIATE_TEST_SUITE_P(UserModels, OracleTest, ::testing::Values("mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace coldframe
