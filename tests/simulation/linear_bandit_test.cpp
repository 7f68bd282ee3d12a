#include "framework/simulation/linear_bandit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/replay_periods.h"
#include "framework/simulation/uniform_mixture.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

VectorTable table(std::vector<float> values, std::size_t width) {
  const std::size_t rows = values.size() / width;
  return VectorTable(rows, width, std::move(values));
}

PageRow page(std::uint32_t profile, std::vector<std::uint32_t> items, std::vector<std::uint8_t> clicks) {
  PageRow row;
  row.profile = profile;
  for (const std::uint32_t item : items) row.items.emplace_back(item);
  row.clicks = std::move(clicks);
  return row;
}

class LinearBanditTest : public ::testing::Test {
 protected:
  LinearBanditTest() : catalogue_(small_catalogue(3)) {
    for (std::uint32_t i = 0; i < 3; ++i) candidates_.emplace_back(i);
  }
  std::vector<ItemId> ask(const Policy& policy, std::uint32_t profile, std::uint64_t user = 1) const {
    PolicyRequest request;
    request.user = UserKey(user);
    request.profile_row = profile;
    request.history = &history_;
    request.candidates = candidates_;
    request.slate_size = 3;
    Slate slate;
    policy.rank({&request, 1}, {&slate, 1});
    return slate.items;
  }
  Catalogue catalogue_;
  History history_;
  std::vector<ItemId> candidates_;
};

using Order = std::vector<ItemId>;

TEST_F(LinearBanditTest, one_feature_by_hand) {
  // x = 1, ridge 1: theta = clicks / (shown + 1), s = 1 / sqrt(shown + 1).
  // Item 0: 2 of 3 shown, theta .5, s .5. Item 1: 1 of 1, theta .5, s .7071. Item 2: never shown, theta 0, s 1.
  const VectorTable features = table({1}, 1);
  const std::vector<PageRow> pages = {page(0, {0, 1}, {1, 1}), page(0, {0}, {1}), page(0, {0}, {0})};
  const auto learned = [&](BanditRule rule, double width) {
    LinearBandit bandit("b", features, catalogue_, {rule, 1.0, width, 1});
    bandit.learn(pages);
    return bandit;
  };
  // Values at width 1: 1.0, 1.2071, 1.0; at .4: .7, .7828, .4; at 2: 1.5, 1.9142, 2.
  EXPECT_EQ(ask(learned(BanditRule::ucb, 1.0), 0).front(), ItemId(1));
  EXPECT_EQ(ask(learned(BanditRule::ucb, 0.4), 0), (Order{ItemId(1), ItemId(0), ItemId(2)}));
  EXPECT_EQ(ask(learned(BanditRule::ucb, 2.0), 0), (Order{ItemId(2), ItemId(1), ItemId(0)}));
  EXPECT_EQ(ask(learned(BanditRule::greedy, 1.0), 0).back(), ItemId(2));
  EXPECT_EQ(learned(BanditRule::ucb, 1.0).kind(), PolicyKind::deterministic);
  // What stands on sold places teaches nothing.
  std::vector<PageRow> sold = pages;
  for (PageRow& row : sold) {
    row.prices.assign(row.items.size(), 0.0);
    row.items.insert(row.items.begin(), ItemId(2));
    row.clicks.insert(row.clicks.begin(), 1);
    row.prices.insert(row.prices.begin(), 0.5);
  }
  LinearBandit beside("b", features, catalogue_, {BanditRule::ucb, 1.0, 0.4, 1});
  beside.learn(sold);
  EXPECT_EQ(ask(beside, 0), (Order{ItemId(1), ItemId(0), ItemId(2)}));
}

TEST_F(LinearBanditTest, two_features_by_hand) {
  // Profile 0 is (1, 0), profile 1 is (1, 1). Item 0: shown to 0 without a click, to 1 with one.
  // A = [[3, 1], [1, 2]], b = (1, 1): theta = (1 / 5) [[2, -1], [-1, 3]] b = (.2, .4). Item 1: shown to both and
  // clicked by 0: b = (1, 0), theta = (.4, -.2). Values for profile 0: .2, .4; for profile 1: .6, .2.
  const VectorTable features = table({1, 0, 1, 1}, 2);
  LinearBandit bandit("b", features, catalogue_, {BanditRule::greedy, 1.0, 1.0, 1});
  bandit.learn(std::vector<PageRow>{page(0, {0, 1}, {0, 1}), page(1, {0, 1}, {1, 0})});
  EXPECT_EQ(ask(bandit, 0), (Order{ItemId(1), ItemId(0), ItemId(2)}));
  EXPECT_EQ(ask(bandit, 1), (Order{ItemId(0), ItemId(1), ItemId(2)}));
}

TEST_F(LinearBanditTest, thompson_shows_first_what_is_best_as_often_as_it_may_be) {
  // Items 0 and 1 as above: N(.5, .25) and N(.5, .5), item 2 N(0, 1). Item 0 stands above item 1 half of the time; item
  // 2 above item 0 with P(N(-.5, 1.25) > 0) = 1 - Phi(.4472) = .3274.
  const VectorTable features = table({1}, 1);
  LinearBandit bandit("b", features, catalogue_, {BanditRule::thompson, 1.0, 1.0, 1});
  bandit.learn(std::vector<PageRow>{page(0, {0, 1}, {1, 1}), page(0, {0}, {1}), page(0, {0}, {0})});
  constexpr int users = 20000;
  double first_above = 0, last_above = 0;
  for (std::uint64_t user = 0; user < users; ++user) {
    std::map<ItemId, int> place;
    const Order order = ask(bandit, 0, user);
    for (int k = 0; k < 3; ++k) place[order[static_cast<std::size_t>(k)]] = k;
    first_above += place[ItemId(0)] < place[ItemId(1)] ? 1.0 / users : 0.0;
    last_above += place[ItemId(2)] < place[ItemId(0)] ? 1.0 / users : 0.0;
  }
  EXPECT_NEAR(first_above, 0.5, 0.0142);  // four standard errors
  EXPECT_NEAR(last_above, 0.3274, 0.0133);
  EXPECT_EQ(bandit.kind(), PolicyKind::stochastic);
  PolicyRequest request;
  Slate slate;
  EXPECT_THROW(bandit.weigh({&request, 1}, {&slate, 1}), ConfigError);
}

TEST_F(LinearBanditTest, without_anything_learned_every_order_is_possible) {
  const VectorTable features = table({1}, 1);
  const LinearBandit bandit("b", features, catalogue_, {BanditRule::ucb, 1.0, 1.0, 1});
  std::map<Order, int> seen;
  for (std::uint64_t user = 0; user < 200; ++user) ++seen[ask(bandit, 0, user)];
  EXPECT_EQ(seen.size(), 6u);
}

TEST_F(LinearBanditTest, features_are_the_encoded_profile_or_a_projection_of_it) {
  const Population population = small_population(5, 2);
  const PopulationObservables& known = population.observables;
  const VectorTable whole = profile_features(known, 100, 1);
  ASSERT_EQ(whole.width(), known.law.encoded_size() + 1);
  EXPECT_EQ(whole.row(3)[0], 1.0f);
  const std::vector<double> encoded = known.law.encode(known.pool[3].attributes.levels);
  for (std::size_t p = 0; p < encoded.size(); ++p) EXPECT_FLOAT_EQ(whole.row(3)[p + 1], static_cast<float>(encoded[p]));
  const VectorTable few = profile_features(known, 2, 1);
  EXPECT_EQ(few.width(), 2u);
  EXPECT_NE(few.row(0)[0], profile_features(known, 2, 2).row(0)[0]);
}

TEST_F(LinearBanditTest, features_of_an_encoder_are_centred_scaled_and_projected) {
  // Three vectors that have (3, 3, 3) in common; what is left is (1, 0, -1), (0, 0, 0), (-1, 0, 1), of mean square
  // length 4/3.
  const VectorTable vectors = table({4, 3, 2, 3, 3, 3, 2, 3, 4}, 3);
  const VectorTable whole = encoder_features(vectors, 100, 1);
  ASSERT_EQ(whole.width(), 4u);
  const float unit = std::sqrt(0.75f);
  EXPECT_EQ(whole.row(0)[0], 1.0f);
  EXPECT_FLOAT_EQ(whole.row(0)[1], unit);
  EXPECT_FLOAT_EQ(whole.row(0)[3], -unit);
  EXPECT_FLOAT_EQ(whole.row(2)[1], -unit);
  EXPECT_EQ(whole.row(1)[1], 0.0f);
  // A projection keeps what is opposite opposite, and lengths on average over matrices.
  double square = 0;
  constexpr int matrices = 2000;
  for (int seed = 0; seed < matrices; ++seed) {
    const VectorTable few = encoder_features(vectors, 3, static_cast<std::uint64_t>(seed));
    ASSERT_EQ(few.width(), 3u);
    EXPECT_EQ(few.row(0)[1], -few.row(2)[1]);
    for (const std::size_t d : {1, 2}) square += std::pow(static_cast<double>(few.row(0)[d]), 2) / matrices;
  }
  EXPECT_NEAR(square, 1.5, 0.135);  // 1.5 chi2_2 / 2, of standard deviation 1.5: four standard errors
  EXPECT_EQ(encoder_features(vectors, 1, 1).width(), 1u);
}

TEST_F(LinearBanditTest, who_writes_in_new_words_has_other_features) {
  VocabularyDriftOptions options;
  options.kind = "sudden";
  options.user_template = "x";
  options.at_period = 1;
  const VocabularyDrift words(options, 1, 1);
  // One profile: (1) in old words, (-1) in new ones; item 0 clicked in the old, item 1 in the new.
  const VectorTable features = table({1, -1}, 1);
  BanditOptions rules{BanditRule::greedy, 1.0, 1.0, 1};
  rules.words = &words;
  LinearBandit bandit("b", features, catalogue_, rules);
  std::vector<PageRow> pages = {page(0, {0}, {1}), page(0, {1}, {1})};
  pages[1].period = 1;
  bandit.learn(pages);
  PolicyRequest request;
  request.history = &history_;
  request.candidates = candidates_;
  request.slate_size = 1;
  for (const std::uint32_t period : {0u, 1u}) {
    request.time.period = period;
    Slate slate;
    bandit.rank({&request, 1}, {&slate, 1});
    EXPECT_EQ(slate.items.front(), ItemId(period));
  }
}

/// Bandits in a world of 30 items, 50 newcomers per period.
class OnlineReplayTest : public ::testing::Test {
 protected:
  OnlineReplayTest()
      : population_(small_population(30, 2, 2.0)),
        newcomers_(population_, population_.world("softmax-0"), 0.0),
        catalogue_(small_catalogue(30)),
        features_(profile_features(population_.observables, 8, 1)) {
    options_.slate_size = 3;
    options_.pages = 4;
    options_.block_users = 16;
    options_.threads = 2;
  }

  ReplayResult run(std::uint64_t users, std::uint64_t ranks = 1, KeepLog keep = KeepLog::no) const {
    // As ranks would: every part of a period by itself, then the whole to everybody.
    const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 1.0});
    const auto bandit =
        std::make_shared<LinearBandit>("ucb", features_, catalogue_, BanditOptions{BanditRule::ucb, 1.0, 0.3, 1});
    const auto inner =
        std::make_shared<LinearBandit>("greedy", features_, catalogue_, BanditOptions{BanditRule::greedy, 1.0, 1.0, 1});
    const UniformMixture explores("epsilon:greedy", inner, 0.1, 1, catalogue_);
    const RandomPolicy random("random", 3, catalogue_);
    const std::vector<Contestant> contestants = {random, *bandit, explores};
    const std::vector<OnlineContestant> learners = {{1, bandit.get()}, {2, inner.get()}};
    const ReplayWorld world{&newcomers_, &catalogue_, model.get()};
    PeriodPlan plan{learners, 0, ranks, {}};
    std::uint64_t begin = 0;
    if (ranks > 1) {
      plan.gather = [&](ReplayResult mine) {
        const std::uint64_t end = begin + 50;
        ReplayResult whole = unpack_replay_result(pack(mine));
        for (std::uint64_t rank = 1; rank < ranks; ++rank) {
          whole.merge(replay(world, contestants, options_,
                             {begin + 50 * rank / ranks, begin + 50 * (rank + 1) / ranks, KeepLog::yes, {}}));
        }
        begin = end;
        return whole;
      };
    }
    return replay_periods(world, contestants, options_, {0, users, keep, {}}, plan);
  }

  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  VectorTable features_;
  SimulationOptions options_;
};

double rate(const PolicyOutcome& outcome, std::size_t first, std::size_t end) {
  double expected = 0, pages = 0;
  for (std::size_t u = first; u < end; ++u) {
    expected += static_cast<double>(outcome.users[u].expected) * FixedSum::k_unit;
    pages += outcome.users[u].pages;
  }
  return expected / pages;
}

TEST_F(OnlineReplayTest, bandits_learn_from_period_to_period) {
  const ReplayResult result = run(1500);
  const PolicyOutcome &random = result.policies[0], &ucb = result.policies[1], &greedy = result.policies[2];
  // In the first period nobody knows anything. 50 users with one page each, as ties fall: four standard errors.
  EXPECT_NEAR(rate(ucb, 0, 50), rate(random, 0, 50), 0.12);
  EXPECT_GT(rate(ucb, 1000, 1500), rate(random, 1000, 1500) + 0.05);
  EXPECT_GT(rate(greedy, 1000, 1500), rate(random, 1000, 1500) + 0.05);
  EXPECT_GT(rate(ucb, 1000, 1500), rate(ucb, 50, 300) + 0.02);
}

TEST_F(OnlineReplayTest, same_bits_for_any_threads_blocks_and_ranks) {
  const ReplayResult whole = run(200);
  EXPECT_TRUE(whole.policies[1].log.empty());
  options_.threads = 3;
  options_.block_users = 7;
  EXPECT_EQ(run(200).digest(), whole.digest());
  EXPECT_EQ(run(200, 3).digest(), whole.digest());
  // Who is logged has no part in what is learned.
  options_.log_share = 0.3;
  const ReplayResult some = run(200, 1, KeepLog::yes);
  EXPECT_EQ(some.digest(), whole.digest());
  std::set<std::uint64_t> logged;
  for (const PageRow& row : some.policies[1].log) logged.insert(row.user);
  EXPECT_GT(logged.size(), 30u);
  EXPECT_LT(logged.size(), 100u);
  // A shorter replay is the beginning of a longer one.
  const ReplayResult begun = run(130);
  EXPECT_TRUE(
      std::equal(begun.policies[1].users.begin(), begun.policies[1].users.end(), whole.policies[1].users.begin()));
}

}  // namespace
}  // namespace coldframe
