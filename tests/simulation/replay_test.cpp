#include "framework/simulation/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/multinomial_logit.h"
#include "framework/simulation/replay_log.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 40;

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest()
      : population_(small_population(k_items, 2)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(small_catalogue(k_items)),
        random_("random", 3, catalogue_),
        popularity_("popularity", {population_.world_popularity.begin(), population_.world_popularity.end()},
                    catalogue_.ties(1)) {
    options_.slate_size = 4;
    options_.pages = 5;
    options_.sessions = 3;
    options_.leave_probability = 0.2;
    options_.return_probability = 0.6;
    options_.given_likes = 1;
    options_.block_users = 16;
    options_.threads = 2;
  }

  ReplayResult run(std::uint64_t begin, std::uint64_t end, KeepLog log = KeepLog::yes) {
    const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
    const LatentOracle oracle("oracle", *model, catalogue_.ties(1));
    const InformedOracle informed("informed", newcomers_, *model, catalogue_.ties(1), {64, 8, 10, 1});
    const std::vector<Contestant> contestants = {random_, popularity_, oracle, informed};
    return replay({&newcomers_, &catalogue_, model.get()}, contestants, options_, {begin, end, log, {}});
  }

  const UserModel& model() {
    if (!model_) model_ = make_user_model(options_, {1.0, 2.0});
    return *model_;
  }

  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  RandomPolicy random_;
  FixedScorePolicy popularity_;
  SimulationOptions options_;
  std::unique_ptr<UserModel> model_;
};

TEST_F(ReplayTest, same_bits_for_any_threads_blocks_and_splits) {
  for (const char* model : {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"}) {
    options_.user_model = model;
    options_.threads = 1;
    options_.block_users = 16;
    const std::vector<std::byte> whole = pack(run(10, 70));
    for (const auto& [threads, block] : {std::pair{2, 16}, {4, 16}, {3, 7}, {2, 1}, {1, 1000}}) {
      options_.threads = threads;
      options_.block_users = block;
      EXPECT_EQ(pack(run(10, 70)), whole) << threads << " threads, blocks of " << block;
    }
    // Two, and three ranges in another order, as ranks would hand them in.
    ReplayResult two = run(10, 41);
    two.merge(run(41, 70));
    EXPECT_EQ(pack(two), whole);
    ReplayResult three = unpack_replay_result(pack(run(30, 50)));
    three.merge(run(50, 70));
    three.merge(run(10, 30));
    EXPECT_EQ(pack(three), whole);
  }
}

TEST_F(ReplayTest, a_user_alone_lives_the_same_life) {
  const ReplayResult whole = run(0, 40);
  const ReplayResult alone = run(23, 24);
  for (std::size_t p = 0; p < whole.policies.size(); ++p) {
    EXPECT_EQ(alone.policies[p].users[0], whole.policies[p].users[23]);
    std::vector<const PageRow*> life;
    for (const PageRow& row : whole.policies[p].log) {
      if (row.user == 23) life.push_back(&row);
    }
    ASSERT_EQ(life.size(), alone.policies[p].log.size());
    for (std::size_t k = 0; k < life.size(); ++k) {
      EXPECT_EQ(alone.policies[p].log[k].items, life[k]->items);
      EXPECT_EQ(alone.policies[p].log[k].clicks, life[k]->clicks);
      EXPECT_EQ(alone.policies[p].log[k].timestamp, life[k]->timestamp);
    }
  }
}

TEST_F(ReplayTest, stopped_it_keeps_the_first_users_with_their_bits) {
  const LatentOracle oracle("oracle", model(), catalogue_.ties(1));
  const std::vector<Contestant> contestants = {random_, popularity_, oracle};
  options_.block_users = 7;
  for (const int threads : {1, 2, 4}) {
    options_.threads = threads;
    for (const int blocks : {0, 1, 3, 1000}) {
      std::atomic<int> asked = 0;
      ReplayRequest request{10, 70, KeepLog::yes, {}, [&] { return asked++ >= blocks; }};
      const ReplayResult some = replay({&newcomers_, &catalogue_, &model()}, contestants, options_, request);
      const std::uint64_t users = some.end - some.begin;
      EXPECT_EQ(some.begin, 10u);
      EXPECT_EQ(some.end == 70, blocks == 1000) << "it did not stop, or stopped by itself";
      EXPECT_TRUE(some.end == 70 || users % 7 == 0) << users;
      // Every block that began is complete, and they begin in order: nothing is lost.
      EXPECT_EQ(users, std::min(60, 7 * blocks)) << threads << " threads";
      ASSERT_EQ(some.policies.size(), 3u);
      request = {10, some.end, KeepLog::yes, {}};
      EXPECT_EQ(pack(some), pack(replay({&newcomers_, &catalogue_, &model()}, contestants, options_, request)));
    }
  }
}

TEST_F(ReplayTest, blocks_can_be_taken_in_order_instead_of_kept) {
  options_.block_users = 7;
  options_.threads = 3;
  const std::vector<Contestant> contestants = {random_, popularity_};
  ReplayRequest request{10, 70, KeepLog::yes, {}};
  const ReplayResult whole = replay({&newcomers_, &catalogue_, &model()}, contestants, options_, request);
  ReplayResult taken{10, 10, {}};
  request.take = [&](ReplayResult part) { EXPECT_TRUE(taken.append(std::move(part))) << "out of order"; };
  const ReplayResult rest = replay({&newcomers_, &catalogue_, &model()}, contestants, options_, request);
  EXPECT_EQ(pack(taken), pack(whole));
  EXPECT_EQ(rest.end, 70u);
  EXPECT_TRUE(rest.policies[0].users.empty());
}

TEST_F(ReplayTest, ranges_with_users_missing_in_between_are_not_appended) {
  ReplayResult first = run(10, 20);
  const std::vector<std::byte> before = pack(first);
  EXPECT_FALSE(first.append(run(25, 30)));
  EXPECT_EQ(pack(first), before);
  EXPECT_TRUE(first.append(run(20, 25)));
  EXPECT_EQ(pack(first), pack(run(10, 25)));
}

TEST_F(ReplayTest, golden_digest) {
  // Pins layout, user models and policies that use no vector arithmetic; a change here changes every published result.
  options_.threads = 2;
  const ReplayResult result = run(0, 50, KeepLog::no);
  EXPECT_EQ(result.policies[0].clicks, 94u);
  EXPECT_EQ(result.policies[1].clicks, 135u);
  EXPECT_EQ(result.policies[2].clicks, 209u);
  EXPECT_EQ(result.policies[0].pages, 351u);
}

TEST_F(ReplayTest, sums_agree_with_the_log) {
  const ReplayResult result = run(0, 60);
  for (const PolicyOutcome& outcome : result.policies) {
    std::uint64_t clicks = 0;
    FixedSum expected;
    std::vector<std::uint64_t> shown(k_items, 0);
    for (const PageRow& row : outcome.log) {
      clicks += static_cast<std::uint64_t>(std::count(row.clicks.begin(), row.clicks.end(), 1));
      expected.add(row.expected);
      for (const ItemId item : row.items) ++shown[item.value()];
    }
    EXPECT_EQ(outcome.clicks, clicks);
    EXPECT_EQ(outcome.expected, expected);
    EXPECT_EQ(outcome.shown, shown);
    EXPECT_EQ(outcome.pages, outcome.log.size());
    EXPECT_EQ(outcome.users.size(), 60u);
  }
}

TEST_F(ReplayTest, samples_agree_with_their_closed_form) {
  options_.leave_probability = 0;
  options_.return_probability = 1;
  options_.clicked_items = "stay";
  for (const char* model : {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"}) {
    options_.user_model = model;
    const ReplayResult result = run(0, 80, KeepLog::no);
    for (const PolicyOutcome& outcome : result.policies) {
      const auto pages = static_cast<double>(outcome.pages);
      ASSERT_EQ(outcome.pages, 80u * 15u);
      const double rate = static_cast<double>(outcome.clicks) / pages;
      // Clicks per page have a variance of at most 2 here.
      EXPECT_NEAR(rate, outcome.expected_rate(), 4.0 * std::sqrt(2.0 / pages)) << outcome.policy;
    }
  }
}

TEST_F(ReplayTest, clicked_and_given_items_leave_the_candidates) {
  const ReplayResult result = run(0, 60);
  for (const PolicyOutcome& outcome : result.policies) {
    std::uint64_t user = ~std::uint64_t{0};
    std::vector<ItemId> taken;
    for (const PageRow& row : outcome.log) {
      if (row.user != user) {
        user = row.user;
        taken.clear();
      }
      for (std::size_t k = 0; k < row.items.size(); ++k) {
        EXPECT_THAT(taken, ::testing::Not(::testing::Contains(row.items[k])));
        if (row.clicks[k] != 0) taken.push_back(row.items[k]);
      }
    }
  }
}

TEST_F(ReplayTest, three_clocks_run_forward_and_users_have_their_own) {
  const ReplayResult result = run(0, 200);
  const PolicyOutcome& outcome = result.policies[0];
  std::vector<std::size_t> lengths;
  for (std::size_t at = 0; at < outcome.log.size(); ++at) {
    const PageRow& row = outcome.log[at];
    EXPECT_EQ(row.period, row.user / 50);
    if (at == 0 || outcome.log[at - 1].user != row.user) {
      EXPECT_EQ(row.session, 0u);
      EXPECT_EQ(row.page, 0u);
      lengths.push_back(1);
      continue;
    }
    const PageRow& before = outcome.log[at - 1];
    EXPECT_GE(row.timestamp, before.timestamp);
    EXPECT_TRUE((row.session == before.session && row.page == before.page + 1) ||
                (row.session == before.session + 1 && row.page == 0));
    ++lengths.back();
  }
  ASSERT_EQ(lengths.size(), 200u);
  EXPECT_GT(std::set<std::size_t>(lengths.begin(), lengths.end()).size(), 5u) << "users leave together";
}

TEST_F(ReplayTest, constant_hazard_gives_geometric_sessions) {
  options_.sessions = 1;
  options_.pages = 60;
  options_.leave_probability = 0.25;
  options_.clicked_items = "stay";
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const std::vector<Contestant> contestants = {random_};
  const ReplayResult result =
      replay({&newcomers_, &catalogue_, model.get()}, contestants, options_, {0, 2000, KeepLog::no, {}});
  double sum = 0, squares = 0;
  for (const UserRow& row : result.policies[0].users) {
    sum += row.pages;
    squares += static_cast<double>(row.pages) * row.pages;
  }
  const double mean = sum / 2000;
  // Mean 1/h = 4 and variance (1-h)/h^2 = 12; the standard error of the mean is .077.
  EXPECT_NEAR(mean, 4.0, 0.31);
  EXPECT_NEAR(squares / 2000 - mean * mean, 12.0, 3.0);
}

TEST_F(ReplayTest, unavailable_items_are_never_shown) {
  std::vector<std::int64_t> from(k_items, Dataset::k_always), to(k_items, Dataset::k_forever);
  const std::int64_t middle = population_.observables.start + 1000;
  for (std::size_t i = 0; i < k_items; i += 2) from[i] = middle;  // even items appear
  for (std::size_t i = 1; i < k_items; i += 4) to[i] = middle;    // some odd ones vanish
  const Catalogue changing(catalogue_.keys(), from, to);
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const std::vector<Contestant> contestants = {random_, popularity_};
  const ReplayResult result =
      replay({&newcomers_, &changing, model.get()}, contestants, options_, {0, 100, KeepLog::yes, {}});
  std::size_t before = 0, after = 0;
  for (const PolicyOutcome& outcome : result.policies) {
    for (const PageRow& row : outcome.log) {
      (row.timestamp < middle ? before : after) += 1;
      for (const ItemId item : row.items) EXPECT_TRUE(changing.available(item, row.timestamp));
    }
  }
  EXPECT_GT(before, 0u);
  EXPECT_GT(after, 0u);
}

TEST_F(ReplayTest, a_catalogue_says_when_it_changes_next) {
  const Catalogue changing({1, 2, 3}, {Dataset::k_always, 10, 30}, {20, 30, Dataset::k_forever});
  EXPECT_EQ(changing.next_change(-5), 10);
  EXPECT_EQ(changing.next_change(10), 20);
  EXPECT_EQ(changing.next_change(29), 30);
  EXPECT_EQ(changing.next_change(30), Dataset::k_forever);
  EXPECT_EQ(catalogue_.next_change(0), Dataset::k_forever);
}

TEST_F(ReplayTest, a_user_without_candidates_ends_quietly) {
  const Catalogue empty(catalogue_.keys(), std::vector<std::int64_t>(k_items, 0),
                        std::vector<std::int64_t>(k_items, 1));
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const std::vector<Contestant> contestants = {popularity_};
  const ReplayResult result =
      replay({&newcomers_, &empty, model.get()}, contestants, options_, {0, 5, KeepLog::yes, {}});
  EXPECT_EQ(result.policies[0].pages, 0u);
  EXPECT_EQ(result.policies[0].users.size(), 5u);
}

TEST_F(ReplayTest, the_same_policy_twice_differs_by_exactly_nothing) {
  const FixedScorePolicy twin("twin", {population_.world_popularity.begin(), population_.world_popularity.end()},
                              catalogue_.ties(1));
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const std::vector<Contestant> contestants = {popularity_, twin};
  const ReplayResult result =
      replay({&newcomers_, &catalogue_, model.get()}, contestants, options_, {0, 100, KeepLog::no, {}});
  EXPECT_EQ(result.policies[0].users, result.policies[1].users);
  EXPECT_EQ(result.policies[0].digest, result.policies[1].digest);
}

TEST_F(ReplayTest, common_random_numbers_reduce_the_variance_of_differences) {
  options_.sessions = 1;
  options_.leave_probability = 0;
  options_.given_likes = 0;
  std::vector<float> nearly(population_.world_popularity.begin(), population_.world_popularity.end());
  nearly[3] += 30;
  const FixedScorePolicy variant("variant", nearly, catalogue_.ties(1));
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const std::vector<Contestant> contestants = {popularity_, variant};
  const ReplayResult paired =
      replay({&newcomers_, &catalogue_, model.get()}, contestants, options_, {0, 600, KeepLog::no, {}});
  options_.seed = 77;
  const ReplayResult other =
      replay({&newcomers_, &catalogue_, model.get()}, contestants, options_, {0, 600, KeepLog::no, {}});
  const auto variance = [](const std::vector<UserRow>& a, const std::vector<UserRow>& b) {
    double sum = 0, squares = 0;
    for (std::size_t u = 0; u < a.size(); ++u) {
      const double d = static_cast<double>(a[u].clicks) - static_cast<double>(b[u].clicks);
      sum += d;
      squares += d * d;
    }
    return squares / 600 - sum * sum / 360000;
  };
  EXPECT_LT(variance(paired.policies[0].users, paired.policies[1].users),
            0.5 * variance(paired.policies[0].users, other.policies[1].users));
}

TEST_F(ReplayTest, overlapping_ranges_and_other_policies_do_not_merge) {
  ReplayResult a = run(0, 10, KeepLog::no);
  EXPECT_THROW(a.merge(run(9, 12, KeepLog::no)), DataError);
  ReplayResult b = run(10, 12, KeepLog::no);
  b.policies.pop_back();
  EXPECT_THROW(a.merge(std::move(b)), DataError);
  ReplayResult nothing = run(5, 5, KeepLog::no);
  EXPECT_EQ(nothing.policies.size(), 4u);
  a.merge(std::move(nothing));
  EXPECT_EQ(a.end, 10u);
}

TEST_F(ReplayTest, truncated_bytes_are_refused) {
  const std::vector<std::byte> bytes = pack(run(0, 3));
  for (const std::size_t cut : {std::size_t{0}, std::size_t{7}, bytes.size() / 2, bytes.size() - 1}) {
    EXPECT_THROW(unpack_replay_result(std::span(bytes).first(cut)), DataError) << cut;
  }
}

/// Shows what it was told to, whatever the candidates are.
class StubbornPolicy final : public Policy {
 public:
  explicit StubbornPolicy(std::vector<ItemId> items, double log_propensity = 0)
      : items_(std::move(items)), log_propensity_(log_propensity) {}
  const std::string& name() const override { return name_; }
  PolicyKind kind() const override { return PolicyKind::deterministic; }
  void rank(std::span<const PolicyRequest>, std::span<Slate> slates) const override {
    for (Slate& slate : slates) slate = {items_, log_propensity_, {}};
  }

 private:
  std::string name_ = "stubborn";
  std::vector<ItemId> items_;
  double log_propensity_;
};

TEST_F(ReplayTest, slates_that_are_none_are_refused) {
  options_.given_likes = 0;
  options_.slate_size = 2;
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const auto refused = [&](const StubbornPolicy& policy) {
    const std::vector<Contestant> contestants = {policy};
    EXPECT_THROW(replay({&newcomers_, &catalogue_, model.get()}, contestants, options_, {0, 3, KeepLog::no, {}}),
                 DataError);
  };
  refused(StubbornPolicy({ItemId(1), ItemId(1)}));
  refused(StubbornPolicy({ItemId(1)}));
  refused(StubbornPolicy({ItemId(1), ItemId(99)}));
  refused(StubbornPolicy({ItemId(1), ItemId(2)}, std::nan("")));
}

TEST_F(ReplayTest, impossible_requests_are_config_errors) {
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const std::vector<Contestant> twice = {random_, random_};
  EXPECT_THROW(replay({&newcomers_, &catalogue_, model.get()}, twice, options_, {0, 3, KeepLog::no, {}}), ConfigError);
  const std::vector<Contestant> once = {random_};
  EXPECT_THROW(replay({&newcomers_, &catalogue_, model.get()}, once, options_, {3, 0, KeepLog::no, {}}), ConfigError);
  const Catalogue other = small_catalogue(k_items - 1);
  EXPECT_THROW(replay({&newcomers_, &other, model.get()}, once, options_, {0, 3, KeepLog::no, {}}), DataError);
  for (const std::int64_t slate : {std::int64_t{0}, static_cast<std::int64_t>(k_items) + 1}) {
    options_.slate_size = slate;
    EXPECT_THROW(replay({&newcomers_, &catalogue_, model.get()}, once, options_, {0, 3, KeepLog::no, {}}), ConfigError);
  }
  options_.slate_size = 4;
  options_.pages = SimulationRandom::k_pages;
  EXPECT_THROW(replay({&newcomers_, &catalogue_, model.get()}, once, options_, {0, 3, KeepLog::no, {}}), ConfigError);
}

TEST_F(ReplayTest, progress_reaches_the_number_of_users) {
  std::atomic<std::uint64_t> most = 0;
  const std::unique_ptr<UserModel> model = make_user_model(options_, {1.0, 2.0});
  const std::vector<Contestant> contestants = {random_};
  replay({&newcomers_, &catalogue_, model.get()}, contestants, options_,
         {0, 70, KeepLog::no, [&](std::uint64_t done) {
            std::uint64_t seen = most;
            while (done > seen && !most.compare_exchange_weak(seen, done)) {
            }
          }});
  EXPECT_EQ(most, 70u);
}

TEST_F(ReplayTest, the_log_is_a_data_set_with_impressions) {
  const ReplayResult result = run(0, 30);
  Dataset source = invented_dataset(10, k_items, 1);
  const SimulatedLog log =
      make_simulated_log(source, population_, result.policies[0], PolicyKind::stochastic, options_);
  EXPECT_NO_THROW(check_dataset(log.data));
  EXPECT_NO_THROW(check_impressions(log.impressions, log.data.users.size(), log.data.items.size()));
  EXPECT_EQ(log.data.users.size(), 30u);
  EXPECT_EQ(log.data.users.ids.front(), "sim-0");
  EXPECT_EQ(simulated_user_number("sim-29"), 29u);
  for (const char* other : {"sim-", "sim-2x", "29", "user-3"}) EXPECT_FALSE(simulated_user_number(other)) << other;
  // Clicks, and the like that each user brought along.
  EXPECT_EQ(log.data.interactions.size(), result.policies[0].clicks + 30);
  std::uint64_t shown = 0, clicked = 0;
  for (std::size_t row = 0; row < log.impressions.size(); ++row) {
    ++shown;
    clicked += log.impressions.clicked[row];
    EXPECT_LT(log.impressions.log_propensity[row], 0.0);
  }
  EXPECT_EQ(clicked, result.policies[0].clicks);
  EXPECT_EQ(shown, result.policies[0].pages * 4);
  EXPECT_EQ(log.impressions.logging, LoggingKind::stochastic);
  EXPECT_EQ(log.impressions.policy, "random");
  EXPECT_FALSE(log.impressions.clicked_stay);
  EXPECT_EQ(log.impressions.log_marginal.size(), log.impressions.size());
  const PolicyOutcome without = run(0, 3, KeepLog::no).policies[0];
  EXPECT_THROW(make_simulated_log(source, population_, without, PolicyKind::stochastic, options_), ConfigError);
  EXPECT_THROW(make_simulated_log(invented_dataset(10, 12, 1), population_, result.policies[0], PolicyKind::stochastic,
                                  options_),
               DataError);
}

TEST_F(ReplayTest, a_share_of_users_is_logged_and_results_do_not_change) {
  const ReplayResult whole = run(0, 400);
  std::set<std::uint64_t> before;
  for (const double share : {0.1, 0.4}) {
    options_.log_share = share;
    const ReplayResult some = run(0, 400);
    EXPECT_EQ(some.digest(), whole.digest());
    std::set<std::uint64_t> logged;
    for (const PolicyOutcome& outcome : some.policies) {
      std::set<std::uint64_t> here;
      for (const PageRow& row : outcome.log) here.insert(row.user);
      if (!logged.empty()) {
        EXPECT_EQ(here, logged) << outcome.policy;
      }
      logged = here;
    }
    // Binomial: standard deviation at most sqrt(400 .4 .6) = 9.8.
    EXPECT_NEAR(static_cast<double>(logged.size()), 400 * share, 40);
    EXPECT_TRUE(std::includes(logged.begin(), logged.end(), before.begin(), before.end()));
    before = logged;
  }
  const SimulatedLog log = make_simulated_log(invented_dataset(10, k_items, 1), population_, run(0, 400).policies[0],
                                              PolicyKind::stochastic, options_);
  EXPECT_EQ(log.data.users.size(), before.size());
  EXPECT_NO_THROW(check_impressions(log.impressions, log.data.users.size(), log.data.items.size()));
}

TEST(RoleGuard, without_it_a_policy_that_learned_from_the_world_would_profit) {
  // A world fitted on few people carries their accidents. Counts of the same people are worth more in it than counts of
  // as many others of the same kind, which is why such runs are refused.
  const Dataset data = invented_dataset(60, 60, 3);
  const Roles roles(data, RoleOptions{});
  const Likes likes(data, LikeOptions{});
  PopulationOptions fit;
  fit.tastes = {"softmax"};
  fit.dimensions = {1};
  fit.factor_ridges = {4};
  fit.profile_pool = 20;
  fit.iterations = 20;
  const auto render = [](std::span<const std::string>, std::span<const std::string> values) { return values[0]; };
  const Population population = make_population(data, roles, likes, fit, render, "{age}");
  const std::vector<UserId>& world = roles.users(Role::world);
  const std::vector<UserId> others(roles.users(Role::train).begin(),
                                   roles.users(Role::train).begin() + static_cast<std::ptrdiff_t>(world.size()));
  const auto counts = [&](const std::vector<UserId>& users) {
    const std::vector<std::uint32_t> all = likes.count_by_item(users);
    return std::vector<float>(all.begin(), all.end());
  };
  const Catalogue catalogue(data);
  const FixedScorePolicy leaked("leaked", counts(world), catalogue.ties(1));
  const FixedScorePolicy honest("honest", counts(others), catalogue.ties(1));
  const Newcomers newcomers(population, population.world("softmax-0"), 1.0);
  const MultinomialLogit model({1.0, 2.0});
  SimulationOptions options;
  options.slate_size = 5;
  options.pages = 2;
  const std::vector<Contestant> contestants = {leaked, honest};
  const ReplayResult result = replay({&newcomers, &catalogue, &model}, contestants, options, {0, 300, KeepLog::no, {}});
  EXPECT_GT(result.policies[0].expected_rate(), 1.03 * result.policies[1].expected_rate());
}

TEST(FixedSum, is_exact_in_any_order_and_refuses_what_does_not_fit) {
  FixedSum forward, backward;
  for (int k = 0; k < 1000; ++k) forward.add(0.1 * k);
  for (int k = 999; k >= 0; --k) backward.add(0.1 * k);
  EXPECT_EQ(forward, backward);
  EXPECT_EQ(FixedSum::to_fixed(1.5), 3 << 19);
  EXPECT_THROW(FixedSum::to_fixed(std::nan("")), NumericError);
  EXPECT_THROW(FixedSum::to_fixed(1e300), NumericError);
}

}  // namespace
}  // namespace coldframe
