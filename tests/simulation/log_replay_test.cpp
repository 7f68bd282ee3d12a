// A log replayed against the replay that made it, and what it says about other policies against what they really have.

#include "framework/simulation/log_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/evaluation/off_policy.h"
#include "framework/simulation/replay.h"
#include "framework/simulation/replay_log.h"
#include "framework/simulation/softmax_policy.h"
#include "framework/simulation/sponsored_policy.h"
#include "framework/simulation/uniform_mixture.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

/// Scores that depend on everything a log must bring back: likes in order, pages shown, clicks and the clocks.
class AttentivePolicy final : public ScoredPolicy {
 public:
  AttentivePolicy(std::size_t items, TieBreak ties) : ScoredPolicy(std::move(ties)), items_(items) {}
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return items_; }
  void score(std::span<const PolicyRequest> requests, std::span<float> scores) const override {
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const PolicyRequest& request = requests[r];
      std::uint64_t seen = combine_hash(request.user.value(), request.history->given_likes);
      for (const ItemId like : request.history->likes) seen = combine_hash(seen, like.value());
      for (const ShownSlate& page : request.history->shown) {
        for (std::size_t k = 0; k < page.items.size(); ++k) {
          seen = combine_hash(seen, page.items[k].value() + (page.clicks[k] == 0 ? 0u : 1u << 20));
        }
        seen = combine_hash(seen, static_cast<std::uint64_t>(page.time.timestamp));
      }
      seen = combine_hash(seen, (std::uint64_t{request.time.session} << 32) + request.time.page);
      seen = combine_hash(seen, static_cast<std::uint64_t>(request.time.timestamp) + request.time.period);
      for (std::size_t i = 0; i < items_; ++i) {
        scores[r * items_ + i] = static_cast<float>(combine_hash(seen, i) >> 44);
      }
    }
  }

 private:
  std::string name_ = "attentive";
  std::size_t items_;
};

/// A small world in which a stochastic policy wrote a log.
class LogReplayTest : public ::testing::Test {
 protected:
  void make_world(std::size_t items) {
    source_ = invented_dataset(10, items, 1);
    population_ = std::make_unique<Population>(small_population(items, 2));
    newcomers_ = std::make_unique<Newcomers>(*population_, population_->world("softmax-0"), 1.0);
    catalogue_ = std::make_unique<Catalogue>(source_);
    popularity_ = std::make_shared<FixedScorePolicy>(
        "popularity", std::vector<float>(population_->world_popularity.begin(), population_->world_popularity.end()),
        catalogue_->ties(1));
    options_.threads = 2;
  }

  PolicyOutcome replay_of(const Policy& policy, std::uint64_t begin, std::uint64_t end, KeepLog keep) const {
    const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 0.5});
    const std::vector<Contestant> contestants = {policy};
    return replay({newcomers_.get(), catalogue_.get(), model.get(), nullptr, nullptr, market_.get()}, contestants,
                  options_, {begin, end, keep, {}})
        .policies[0];
  }
  SimulatedLog log_of(const Policy& policy, std::uint64_t begin, std::uint64_t end) const {
    return make_simulated_log(source_, *population_, replay_of(policy, begin, end, KeepLog::yes), policy.kind(),
                              options_);
  }

  std::shared_ptr<const Policy> softmax(std::shared_ptr<const ScoredPolicy> inner, double temperature) const {
    return std::make_shared<SoftmaxPolicy>("softmax", std::move(inner), temperature, 5, *catalogue_);
  }
  std::shared_ptr<const Policy> mixture(std::shared_ptr<const Policy> inner, double epsilon) const {
    return std::make_shared<UniformMixture>("mixture", std::move(inner), epsilon, 5, *catalogue_);
  }

  /// Sells places; what `inner` shows is cut accordingly.
  void sell(std::vector<std::int64_t> positions, std::int64_t inventory) {
    AdsOptions options;
    options.positions = std::move(positions);
    options.inventory = inventory;
    market_ = std::make_unique<AdMarket>(options, source_, 5);
    model_ = make_user_model(options_, {1.0, 0.5});
  }
  SponsoredPolicy sponsored(std::shared_ptr<const Policy> inner, AdRule rule) const {
    const std::vector<float> likes(population_->world_popularity.begin(), population_->world_popularity.end());
    return SponsoredPolicy("ads", std::move(inner), rule,
                           {*market_, *model_, estimated_utilities(likes), catalogue_->ties(1), 1, *catalogue_});
  }

  static LoggedPages weighed(const SimulatedLog& log, const Policy& policy) {
    const Catalogue catalogue(log.data);
    const Likes likes(log.data, {});
    return LogReplay(log.data, likes, log.impressions, catalogue).weigh(policy);
  }

  Dataset source_;
  std::unique_ptr<Population> population_;
  std::unique_ptr<Newcomers> newcomers_;
  std::unique_ptr<Catalogue> catalogue_;
  std::shared_ptr<const ScoredPolicy> popularity_;
  SimulationOptions options_;
  std::unique_ptr<AdMarket> market_;  // when places are sold
  std::unique_ptr<UserModel> model_;
};

TEST_F(LogReplayTest, the_logging_policy_meets_every_page_as_it_did_then) {
  make_world(40);
  source_.item_available_to[7] = population_->observables.start + 500;  // an item leaves in between
  catalogue_ = std::make_unique<Catalogue>(source_);
  options_.slate_size = 4;
  options_.pages = 4;
  options_.sessions = 3;
  options_.leave_probability = 0.2;
  options_.return_probability = 0.7;
  options_.given_likes = 2;
  const auto policy = softmax(std::make_shared<AttentivePolicy>(40, catalogue_->ties(1)), 1.0);
  for (const char* clicked : {"leave", "stay"}) {
    for (const double page_seconds : {60.0, 0.0}) {  // 0: several pages have one time stamp
      options_.clicked_items = clicked;
      options_.page_seconds = page_seconds;
      const PolicyOutcome outcome = replay_of(*policy, 0, 150, KeepLog::yes);
      const SimulatedLog log = make_simulated_log(source_, *population_, outcome, policy->kind(), options_);
      const LoggedPages pages = weighed(log, *policy);
      ASSERT_EQ(pages.pages(), outcome.pages);
      EXPECT_EQ(pages.log_evaluation, pages.log_logging) << clicked << ", " << page_seconds;
      std::uint64_t clicks = 0;
      for (const double reward : pages.reward) clicks += reward > 0 ? 1 : 0;
      EXPECT_EQ(clicks, outcome.clicks);
    }
  }
}

TEST_F(LogReplayTest, beside_ads_the_policy_meets_its_places_as_it_did_then) {
  make_world(40);
  options_.slate_size = 5;
  options_.pages = 4;
  options_.sessions = 2;
  options_.leave_probability = 0.2;
  options_.user_model = "pbm";  // ads are clicked too, and enter histories
  sell({1, 4}, 12);
  const auto inner = softmax(std::make_shared<AttentivePolicy>(40, catalogue_->ties(1)), 1.0);
  for (const char* clicked : {"leave", "stay"}) {
    options_.clicked_items = clicked;
    const SponsoredPolicy policy = sponsored(inner, AdRule::random);
    const PolicyOutcome outcome = replay_of(policy, 0, 100, KeepLog::yes);
    const SimulatedLog log = make_simulated_log(source_, *population_, outcome, policy.kind(), options_);
    check_impressions(log.impressions, log.data.users.size(), 40);
    ASSERT_EQ(log.impressions.price.size(), log.impressions.size());
    const LoggedPages pages = weighed(log, *inner);
    ASSERT_EQ(pages.pages(), outcome.pages);
    EXPECT_TRUE(pages.sold_places);
    ASSERT_EQ(pages.log_logging.size(), 3 * outcome.pages);
    std::uint64_t clicks = 0, on_ads = 0;
    for (std::size_t k = 0; k < pages.log_logging.size(); ++k) {
      EXPECT_NEAR(pages.log_evaluation[k], pages.log_logging[k], 1e-9) << clicked;
      clicks += pages.reward[k] > 0 ? 1 : 0;
    }
    for (const PlaceCounts& place : outcome.places) on_ads += place.ad_clicks;
    EXPECT_GT(on_ads, 20u);
    EXPECT_EQ(clicks + on_ads, outcome.clicks);
    // Clicked ads are likes like others, for those who learn from the log.
    EXPECT_EQ(log.data.interactions.size(), outcome.clicks);
  }
  // Without ads there is no column of prices, whatever is sold to others.
  EXPECT_TRUE(log_of(*popularity_, 0, 10).impressions.price.empty());
}

TEST_F(LogReplayTest, a_page_that_was_sold_out_is_refused) {
  make_world(20);
  options_.slate_size = 3;
  options_.pages = 1;
  sell({1}, 12);
  SimulatedLog log = log_of(sponsored(softmax(popularity_, 1.0), AdRule::price), 0, 5);
  for (std::size_t row = 0; row < 3; ++row) log.impressions.price[row] = 1;
  EXPECT_THROW(weighed(log, *popularity_), DataError);
}

TEST_F(LogReplayTest, the_number_of_threads_changes_nothing_and_users_can_be_left_out) {
  make_world(20);
  options_.slate_size = 3;
  options_.pages = 2;
  const SimulatedLog log = log_of(*softmax(popularity_, 1.0), 0, 200);
  const Catalogue catalogue(log.data);
  const Likes likes(log.data, {});
  const auto with = [&](int threads, std::function<bool(UserId)> leave_out) {
    return LogReplay(log.data, likes, log.impressions, catalogue, {std::move(leave_out), threads});
  };
  const LoggedPages one = with(1, {}).weigh(*popularity_), three = with(3, {}).weigh(*popularity_);
  EXPECT_EQ(one.user, three.user);
  EXPECT_EQ(one.log_evaluation, three.log_evaluation);
  EXPECT_EQ(one.model_policy, three.model_policy);
  const LogReplay some = with(1, [](UserId user) { return user.value() % 4 == 0; });
  EXPECT_EQ(some.users(), 150u);
  EXPECT_EQ(some.users_left_out(), 50u);
  EXPECT_EQ(some.pages(), 300u);
  EXPECT_EQ(some.weigh(*popularity_).pages(), 300u);
}

TEST_F(LogReplayTest, logs_that_cannot_have_been_are_refused_with_their_page) {
  make_world(20);
  options_.slate_size = 3;
  options_.pages = 2;
  const SimulatedLog good = log_of(*softmax(popularity_, 1.0), 0, 20);
  const auto refuses = [&](const std::function<void(SimulatedLog&)>& spoil, const char* words) {
    SimulatedLog log = good;
    spoil(log);
    try {
      weighed(log, *popularity_);
      FAIL() << "accepted: " << words;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr(words), ::testing::HasSubstr("sim-0"),
                                                 ::testing::HasSubstr("page 0")));
    }
  };
  refuses([](SimulatedLog& log) { log.impressions.position[1] = 5; }, "position 2 where 1");
  refuses([](SimulatedLog& log) { log.impressions.item[1] = log.impressions.item[0]; }, "twice");
  refuses([](SimulatedLog& log) { log.data.item_available_to[log.impressions.item[0].value()] = 5; },
          "not available then");
  refuses(
      [](SimulatedLog& log) {  // a like of before is shown again
        log.data.interactions.user.emplace_back(0u);
        log.data.interactions.item.push_back(log.impressions.item[0]);
        log.data.interactions.timestamp.push_back(5);
        sort_interactions(log.data);
      },
      "liked before");
}

/// Shares of logs whose interval covers the truth, and what was refused.
struct Coverage {
  std::map<OffPolicyEstimator, double> covered;
  std::map<OffPolicyEstimator, int> refused;
};

class OffPolicyTruthTest : public LogReplayTest {
 protected:
  static constexpr int k_logs = 150;
  static constexpr std::uint64_t k_users = 2000;

  Coverage coverage(const Policy& logging, const Policy& target) const {
    // Closed-form clicks of the target itself, on all users of all logs: its error is far below that of one log.
    const PolicyOutcome real = replay_of(target, 0, k_logs * k_users, KeepLog::no);
    return coverage(logging, target, real.expected_rate());
  }

  Coverage coverage(const Policy& logging, const Policy& target, double truth) const {
    Coverage out;
    for (std::uint64_t n = 0; n < k_logs; ++n) {
      const LoggedPages pages = weighed(log_of(logging, n * k_users, (n + 1) * k_users), target);
      for (const OffPolicyEstimate& estimate : estimate_off_policy(pages)) {
        out.covered[estimate.estimator] += estimate.interval.contains(truth) ? 1.0 / k_logs : 0.0;
        out.refused[estimate.estimator] += estimate.usable() ? 0 : 1;
      }
    }
    return out;
  }
};

TEST_F(OffPolicyTruthTest, intervals_from_simulated_logs_cover_what_the_policy_really_has) {
  make_world(12);
  options_.user_model = "cascade";
  options_.slate_size = 3;
  options_.pages = 1;
  // The share of 150 intervals has a standard error of .018.
  const auto expect_covers = [](const Coverage& found) {
    for (const OffPolicyEstimator sound : {OffPolicyEstimator::ips, OffPolicyEstimator::snips,
                                           OffPolicyEstimator::doubly_robust, OffPolicyEstimator::rips}) {
      EXPECT_EQ(found.refused.at(sound), 0) << to_string(sound);
      EXPECT_GE(found.covered.at(sound), 0.90) << to_string(sound);
      EXPECT_LE(found.covered.at(sound), 0.99) << to_string(sound);
    }
  };
  // Drawn by scores, asked about another temperature: no closed form of positions, hence no IIPS.
  const Coverage drawn = coverage(*mixture(softmax(popularity_, 1.0), 0.3), *softmax(popularity_, 0.9));
  expect_covers(drawn);
  EXPECT_FALSE(drawn.covered.contains(OffPolicyEstimator::iips));
  // Mixed, asked about the certain policy.
  expect_covers(coverage(*mixture(popularity_, 0.7), *popularity_));
  // Where positions do not depend on one another IIPS is sound too.
  options_.user_model = "pbm";
  const Coverage independent = coverage(*mixture(popularity_, 0.7), *popularity_);
  expect_covers(independent);
  EXPECT_GE(independent.covered.at(OffPolicyEstimator::iips), 0.90);
  EXPECT_LE(independent.covered.at(OffPolicyEstimator::iips), 0.99);
}

TEST_F(OffPolicyTruthTest, logs_with_ads_cover_what_the_places_beside_them_would_have_had) {
  make_world(12);
  options_.slate_size = 4;
  options_.pages = 1;
  for (const char* model : {"cascade", "pbm"}) {
    options_.user_model = model;
    sell({1}, 4);
    // What the policy has beside ads by the same rule: where users stop at a click, an ad on top takes much of it.
    const PolicyOutcome real = replay_of(sponsored(popularity_, AdRule::optimal), 0, k_logs * k_users, KeepLog::no);
    double clicks = 0;
    for (const UserAds& user : real.ads) clicks += static_cast<double>(user.organic) * FixedSum::k_unit;
    const double truth = clicks / static_cast<double>(real.pages);
    EXPECT_LT(truth, 0.9 * replay_of(*popularity_, 0, 2000, KeepLog::no).expected_rate());
    const Coverage found = coverage(sponsored(mixture(popularity_, 0.7), AdRule::optimal), *popularity_, truth);
    for (const OffPolicyEstimator sound :
         {OffPolicyEstimator::ips, OffPolicyEstimator::snips, OffPolicyEstimator::doubly_robust}) {
      EXPECT_EQ(found.refused.at(sound), 0) << to_string(sound);
      EXPECT_GE(found.covered.at(sound), 0.90) << model << " " << to_string(sound);
      EXPECT_LE(found.covered.at(sound), 0.99) << model << " " << to_string(sound);
    }
    EXPECT_FALSE(found.covered.contains(OffPolicyEstimator::rips)) << "ads look at the whole page";
    ASSERT_TRUE(found.covered.contains(OffPolicyEstimator::iips)) << "four ads for four places never run out";
    if (options_.user_model == "pbm") {
      EXPECT_GE(found.covered.at(OffPolicyEstimator::iips), 0.90);
    }
  }
}

}  // namespace
}  // namespace coldframe
