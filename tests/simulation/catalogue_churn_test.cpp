#include "framework/simulation/catalogue_churn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/detail/taste_posterior.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr PeriodClock k_clock{1'000'000, 1000};  // as small_population()

std::vector<bool> every_third(std::size_t items) {
  std::vector<bool> fresh(items);
  for (std::size_t i = 0; i < items; i += 3) fresh[i] = true;
  return fresh;
}

CatalogueChurnOptions arriving(std::int64_t at, std::int64_t over) {
  CatalogueChurnOptions options;
  options.arrive_at_period = at;
  options.arrive_over_periods = over;
  return options;
}

TEST(CatalogueChurn, new_items_arrive_at_the_start_of_the_periods_in_equal_shares) {
  const Catalogue plain = small_catalogue(3000);
  const std::vector<bool> fresh = every_third(3000);
  const Catalogue catalogue = churned(plain, fresh, arriving(2, 4), k_clock, 5);
  std::vector<int> came(6, 0);
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const ItemId item(i);
    EXPECT_EQ(catalogue.is_new(item), fresh[i]);
    EXPECT_EQ(catalogue.available(item, 1'000'000), !fresh[i]);
    if (!fresh[i]) continue;
    for (std::int64_t period = 0; period < 6; ++period) {
      if (!catalogue.available(item, 1'000'000 + 1000 * period)) continue;
      EXPECT_FALSE(catalogue.available(item, 1'000'000 + 1000 * period - 1)) << "earlier than the period";
      EXPECT_EQ(catalogue.arrived(item, 1'000'000 + 1000 * period - 1), false);
      ++came[static_cast<std::size_t>(period)];
      break;
    }
  }
  EXPECT_EQ(came[0] + came[1], 0);
  EXPECT_EQ(came[2] + came[3] + came[4] + came[5], 1000);
  for (std::size_t period = 2; period < 6; ++period) EXPECT_NEAR(came[period], 250, 4 * std::sqrt(1000 * 0.25 * 0.75));
}

TEST(CatalogueChurn, the_share_that_leaves_is_gone_from_its_period_on_and_new_items_stay) {
  CatalogueChurnOptions options = arriving(0, 1);
  options.leave_share = 0.25;
  options.leave_at_period = 3;
  options.leave_over_periods = 2;
  const std::vector<bool> fresh = every_third(3000);
  const Catalogue catalogue = churned(small_catalogue(3000), fresh, options, k_clock, 5);
  int left = 0, in_the_first = 0;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    EXPECT_TRUE(catalogue.available(ItemId(i), 1'000'000 + 2999));
    const bool gone = !catalogue.available(ItemId(i), 1'000'000 + 4000);
    EXPECT_FALSE(gone && fresh[i]);
    left += gone ? 1 : 0;
    in_the_first += catalogue.available(ItemId(i), 1'000'000 + 3000) ? 0 : 1;
  }
  EXPECT_NEAR(left, 500, 4 * std::sqrt(2000 * 0.25 * 0.75));
  EXPECT_NEAR(in_the_first, 0.5 * left, 4 * std::sqrt(left * 0.25));
}

TEST(CatalogueChurn, keeps_the_availability_that_items_have) {
  const std::vector<std::uint64_t> keys = {1, 2};
  const Catalogue plain(keys, {1'005'000, Dataset::k_always}, {Dataset::k_forever, 1'000'500});
  CatalogueChurnOptions options = arriving(1, 1);
  options.leave_share = 1;
  const Catalogue catalogue = churned(plain, {true, false}, options, k_clock, 5);
  EXPECT_EQ(catalogue.from()[0], 1'005'000);
  EXPECT_EQ(catalogue.to()[1], 1'000'500);
}

TEST(CatalogueChurn, options_without_effect_are_mistakes) {
  CatalogueChurnOptions options;
  EXPECT_TRUE(options.validate().empty());
  options.leave_at_period = 2;
  ASSERT_EQ(options.validate().size(), 1u);
  EXPECT_EQ(options.validate()[0].key, "leave_at_period");
  options.leave_share = 0.1;
  EXPECT_TRUE(options.validate().empty());
}

class ChurnReplayTest : public ::testing::Test {
 protected:
  explicit ChurnReplayTest(std::size_t items = 30)
      : items_(items),
        population_(small_population(items, 2, 1.5)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        plain_(small_catalogue(items)),
        catalogue_(changing()) {
    options_.slate_size = 4;
    options_.pages = 3;
    options_.sessions = 2;
    options_.return_gap_seconds = 800;  // users meet later periods, too
    options_.threads = 2;
    options_.block_users = 16;
    model_ = make_user_model(options_, {1.0, 1.0});
  }

  Catalogue changing() const {
    CatalogueChurnOptions options = arriving(1, 2);
    options.leave_share = 0.3;
    options.leave_at_period = 2;
    return churned(plain_, every_third(items_), options, k_clock, 7);
  }

  ReplayResult run(const Catalogue& catalogue, std::uint64_t begin, std::uint64_t end) const {
    const RandomPolicy random("random", 3, catalogue);
    const FixedScorePolicy popularity(
        "popularity", {population_.world_popularity.begin(), population_.world_popularity.end()}, catalogue.ties(1));
    const LatentOracle oracle("oracle", *model_, catalogue.ties(1));
    InformedOracleOptions known{64, 8, 10, 1};
    known.catalogue = &catalogue;
    const InformedOracle informed("informed", newcomers_, *model_, catalogue.ties(1), known);
    const std::vector<Contestant> contestants = {random, popularity, oracle, informed};
    return replay({&newcomers_, &catalogue, model_.get()}, contestants, options_, {begin, end, KeepLog::yes, {}});
  }

  std::size_t items_;
  Population population_;
  Newcomers newcomers_;
  Catalogue plain_;
  Catalogue catalogue_;
  SimulationOptions options_;
  std::unique_ptr<UserModel> model_;
};

TEST_F(ChurnReplayTest, nobody_shows_what_is_not_there_and_new_items_are_counted) {
  options_.given_likes = 2;
  const ReplayResult result = run(catalogue_, 0, 200);
  for (const PolicyOutcome& outcome : result.policies) {
    std::uint64_t shown = 0, clicks = 0;
    for (const PageRow& row : outcome.log) {
      for (std::size_t k = 0; k < row.items.size(); ++k) {
        const std::size_t i = row.items[k].value();
        EXPECT_LE(catalogue_.from()[i], row.timestamp);
        EXPECT_GT(catalogue_.to()[i], row.timestamp);
        shown += i % 3 == 0 ? 1 : 0;
        clicks += i % 3 == 0 ? row.clicks[k] : 0;
      }
      for (const ItemId like : row.given_likes) EXPECT_TRUE(catalogue_.arrived(like, row.timestamp));
      if (row.timestamp >= 1'001'000) continue;
      for (const ItemId item : row.items) EXPECT_NE(item.value() % 3, 0u) << "new items come in period 1";
    }
    EXPECT_EQ(outcome.new_items.shown, shown) << outcome.policy;
    EXPECT_EQ(outcome.new_items.clicks, clicks) << outcome.policy;
    EXPECT_GT(shown, 0u) << outcome.policy;
    EXPECT_GT(outcome.new_items.expected.value(), 0);
    EXPECT_LT(outcome.new_items.expected.value(), outcome.expected.value());
  }
}

TEST_F(ChurnReplayTest, same_bits_for_any_threads_blocks_and_splits_and_none_without_churn) {
  options_.given_likes = 1;
  const std::vector<std::byte> whole = pack(run(catalogue_, 20, 130));
  options_.threads = 1;
  options_.block_users = 7;
  EXPECT_EQ(pack(run(catalogue_, 20, 130)), whole);
  ReplayResult two = run(catalogue_, 20, 71);
  two.merge(run(catalogue_, 71, 130));
  EXPECT_EQ(pack(two), whole);
  EXPECT_EQ(pack(run(churned(plain_, {}, {}, k_clock, 7), 20, 130)), pack(run(plain_, 20, 130)));
}

/// Posterior weights of likes given before the first page, from the definition.
class UnbornLikesTest : public ChurnReplayTest {
 protected:
  explicit UnbornLikesTest(std::size_t items = 30) : ChurnReplayTest(items) {}

  void expect_weights_of_the_items_there() const {
    const detail::TastePosterior posterior(
        newcomers_, *model_,
        {.draws = 40, .seed = 3, .dynamics = nullptr, .answers = nullptr, .catalogue = &catalogue_});
    const Newcomer who = newcomers_.newcomer(3);
    const History history{{ItemId(4), ItemId(1)}, 2, {}, {}};
    PolicyRequest request;
    request.profile = &newcomers_.profile(who);
    request.history = &history;
    request.time.timestamp = who.arrival;
    ASSERT_FALSE(catalogue_.arrived(ItemId(0), who.arrival));
    const detail::Knowledge known = posterior.after(request);
    std::vector<std::vector<float>> utilities;
    for (std::uint32_t i = 0; i < items_; ++i) utilities.push_back(known.utilities(ItemId(i)));
    for (std::size_t m = 0; m < 40; ++m) {
      double left = 0;
      for (std::uint32_t i = 0; i < items_; ++i) {
        if (catalogue_.arrived(ItemId(i), who.arrival)) left += std::exp(static_cast<double>(utilities[i][m]));
      }
      double expected = 0;
      for (const ItemId like : history.likes) {
        const double utility = utilities[like.value()][m];
        expected += utility - std::log(left);
        left -= std::exp(utility);
      }
      EXPECT_NEAR(known.log_weights[m], expected, 2e-4) << "draw " << m;
    }
  }
};

TEST_F(UnbornLikesTest, are_weighed_against_the_items_that_were_there) { expect_weights_of_the_items_there(); }

class UnbornLikesOfManyTest : public UnbornLikesTest {
 protected:
  UnbornLikesOfManyTest() : UnbornLikesTest(300) {}
};

TEST_F(UnbornLikesOfManyTest, are_weighed_against_the_items_that_were_there) { expect_weights_of_the_items_there(); }

}  // namespace
}  // namespace coldframe
