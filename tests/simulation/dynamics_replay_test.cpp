#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/informed_oracle.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 30;
constexpr ChoiceScale k_scale{1.0, 1.0};

/// A rule that changes nothing, so that users live with a condition that never moves.
class NoRule final : public DynamicsRule {
 public:
  std::string_view name() const override { return "none"; }
};

/// Ranks like a policy, and notes the highest expected clicks that the user as they are now could have been shown.
class Audited final : public LatentPolicy {
 public:
  using Key = std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>;
  Audited(const Policy& policy, const UserModel& model) : policy_(&policy), model_(&model) {}
  const std::string& name() const override { return policy_->name(); }
  void rank(std::span<const PolicyRequest> requests, std::span<const Latents* const> latents,
            std::span<Slate> slates) const override {
    policy_->rank(requests, slates);
    for (std::size_t r = 0; r < requests.size(); ++r) {
      const std::span<const double> all = LatentsProbe::utilities(*latents[r]);
      std::vector<double> candidates, best;
      for (const ItemId item : requests[r].candidates) candidates.push_back(all[item.value()]);
      const std::vector<std::uint64_t> ties(candidates.size(), 0);
      for (const std::size_t at : model_->best_slate(candidates, ties, requests[r].slate_size).order) {
        best.push_back(candidates[at]);
      }
      const std::scoped_lock guard(mutex_);
      highest_[{requests[r].user.value(), requests[r].time.session, requests[r].time.page}] =
          expected_reward(*model_, best);
    }
  }
  double highest(const PageRow& row) const { return highest_.at({row.user, row.session, row.page}); }

 private:
  const Policy* policy_;
  const UserModel* model_;
  mutable std::mutex mutex_;
  mutable std::map<Key, double> highest_;
};

class DynamicsReplay : public ::testing::Test {
 protected:
  DynamicsReplay()
      : population_(small_population(k_items, 2, 1.5)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(small_catalogue(k_items)),
        random_("random", 3, catalogue_),
        popularity_("popularity", {population_.world_popularity.begin(), population_.world_popularity.end()},
                    catalogue_.ties(1)) {
    options_.slate_size = 4;
    options_.pages = 6;
    options_.sessions = 3;
    options_.leave_probability = 0.1;
    options_.return_probability = 0.7;
    options_.return_gap_seconds = 3000;
    options_.clicked_items = "stay";
    options_.threads = 2;
    options_.block_users = 16;
    all_.taste_drift = 0.1;
    all_.satiation = 1.0;
    all_.leave_satisfaction = 3;
    all_.leave_fatigue = 0.2;
    all_.return_satisfaction = 3;
    all_.return_speed = 1;
    all_.session_budget_seconds = 280;
    all_.click_seconds = 30;
    all_.click_bonus_seconds = 40;
  }

  UserDynamics dynamics(const DynamicsOptions& options) const { return {options, options_, newcomers_.taste()}; }

  ReplayResult run(const UserDynamics* dynamics, std::uint64_t begin, std::uint64_t end) const {
    const std::unique_ptr<UserModel> model = make_user_model(options_, k_scale);
    const LatentOracle oracle("oracle", *model, catalogue_.ties(1));
    const InformedOracle informed("informed", newcomers_, *model, catalogue_.ties(1), {64, 8, 10, 1, dynamics});
    const std::vector<Contestant> contestants = {random_, popularity_, oracle, informed};
    return replay({&newcomers_, &catalogue_, model.get(), dynamics}, contestants, options_,
                  {begin, end, KeepLog::yes, {}});
  }

  ReplayResult run_popularity(const UserDynamics* dynamics, std::uint64_t users) const {
    const std::unique_ptr<UserModel> model = make_user_model(options_, k_scale);
    const std::vector<Contestant> contestants = {popularity_};
    return replay({&newcomers_, &catalogue_, model.get(), dynamics}, contestants, options_,
                  {0, users, KeepLog::yes, {}});
  }

  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  RandomPolicy random_;
  FixedScorePolicy popularity_;
  SimulationOptions options_;
  DynamicsOptions all_;
};

TEST_F(DynamicsReplay, of_rate_zero_gives_the_bits_of_users_who_do_not_change) {
  for (const char* model : {"mnl", "dbn"}) {
    options_.user_model = model;
    const std::vector<std::byte> still = pack(run(nullptr, 0, 40));
    const UserDynamics off = dynamics({});
    EXPECT_EQ(pack(run(&off, 0, 40)), still) << model;
    UserDynamics idle = dynamics({});
    idle.add(std::make_unique<NoRule>());
    EXPECT_FALSE(idle.still());
    EXPECT_EQ(pack(run(&idle, 0, 40)), still) << model << " with a condition";
    const UserDynamics on = dynamics(all_);
    EXPECT_NE(pack(run(&on, 0, 40)), still);
  }
}

TEST_F(DynamicsReplay, same_bits_for_any_threads_blocks_and_splits_and_for_a_user_alone) {
  const UserDynamics on = dynamics(all_);
  options_.threads = 1;
  const ReplayResult whole = run(&on, 5, 45);
  for (const auto& [threads, block] : {std::pair{2, 16}, {4, 7}, {2, 1}}) {
    options_.threads = threads;
    options_.block_users = block;
    EXPECT_EQ(pack(run(&on, 5, 45)), pack(whole)) << threads << " threads, blocks of " << block;
  }
  ReplayResult parts = run(&on, 20, 45);
  parts.merge(run(&on, 5, 20));
  EXPECT_EQ(pack(parts), pack(whole));
  const ReplayResult alone = run(&on, 23, 24);
  for (std::size_t p = 0; p < whole.policies.size(); ++p) {
    EXPECT_EQ(alone.policies[p].users[0], whole.policies[p].users[18]);
  }
}

TEST_F(DynamicsReplay, no_page_beats_the_best_slate_for_the_user_as_they_are) {
  const UserDynamics on = dynamics(all_);
  for (const char* name : {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"}) {
    options_.user_model = name;
    const std::unique_ptr<UserModel> model = make_user_model(options_, k_scale);
    const InformedOracle informed("informed", newcomers_, *model, catalogue_.ties(1), {64, 8, 10, 1, &on});
    const Audited one(random_, *model), two(popularity_, *model), three(informed, *model);
    const LatentOracle oracle("oracle", *model, catalogue_.ties(1));
    const std::vector<Contestant> contestants = {one, two, three, oracle};
    const ReplayResult result =
        replay({&newcomers_, &catalogue_, model.get(), &on}, contestants, options_, {0, 25, KeepLog::yes, {}});
    const Audited* audits[] = {&one, &two, &three};
    double gap[3] = {};
    for (std::size_t p = 0; p < 3; ++p) {
      for (const PageRow& row : result.policies[p].log) {
        EXPECT_LE(row.expected, audits[p]->highest(row) + 1e-9) << name << " " << result.policies[p].policy;
        gap[p] += (audits[p]->highest(row) - row.expected) / static_cast<double>(result.policies[p].log.size());
      }
    }
    EXPECT_LT(gap[2], gap[0]) << name << ": the informed oracle is further from the best page than random";
    EXPECT_LT(gap[2], gap[1]) << name << ": the informed oracle is further from the best page than popularity";
  }
}

TEST_F(DynamicsReplay, samples_agree_with_their_closed_form_while_users_change) {
  options_.leave_probability = 0.05;
  const UserDynamics on = dynamics(all_);
  const ReplayResult result = run(&on, 0, 250);
  for (const PolicyOutcome& outcome : result.policies) {
    const auto pages = static_cast<double>(outcome.pages);
    const double rate = static_cast<double>(outcome.clicks) / pages;
    EXPECT_NEAR(rate, outcome.expected_rate(), 4.0 * std::sqrt(0.25 / pages)) << outcome.policy;
  }
}

TEST_F(DynamicsReplay, an_oracle_that_follows_the_change_is_better_than_one_that_does_not) {
  DynamicsOptions options;
  options.satiation = 4.0;
  options_.pages = 12;
  options_.sessions = 1;
  options_.leave_probability = 0;
  const UserDynamics on = dynamics(options);
  const std::unique_ptr<UserModel> model = make_user_model(options_, k_scale);
  const InformedOracle follows("follows", newcomers_, *model, catalogue_.ties(1), {256, 30, 10, 1, &on});
  const InformedOracle ignores("ignores", newcomers_, *model, catalogue_.ties(1), {256, 30, 10, 1, nullptr});
  const std::vector<Contestant> contestants = {follows, ignores};
  const ReplayResult result =
      replay({&newcomers_, &catalogue_, model.get(), &on}, contestants, options_, {0, 60, KeepLog::no, {}});
  EXPECT_GT(result.policies[0].expected_rate(), 1.05 * result.policies[1].expected_rate());
}

TEST_F(DynamicsReplay, informed_oracle_moves_a_draw_as_the_clicks_would_move_a_user_in_that_state) {
  // With a single draw the posterior is that draw: the slate is the best one for a user who was born in its state.
  DynamicsOptions options;
  options.taste_drift = 0.4;
  options.satiation = 1.5;
  const UserDynamics on = dynamics(options);
  const std::unique_ptr<UserModel> model = make_user_model(options_, k_scale);
  const InformedOracle informed("informed", newcomers_, *model, catalogue_.ties(1), {1, 30, 10, 1, &on});
  const Newcomer who = newcomers_.newcomer(3);
  History history;
  history.shown = {{{0, 0, 0, 1000}, {ItemId(4), ItemId(9), ItemId(11)}, {0, 1, 1}},
                   {{0, 0, 1, 1900}, {ItemId(2), ItemId(17)}, {1, 0}}};
  PolicyRequest request;
  request.user = who.key;
  request.profile = &newcomers_.profile(who);
  request.history = &history;
  request.slate_size = 5;
  request.time.timestamp = 4000;
  std::vector<ItemId> candidates;
  for (std::uint32_t i = 0; i < k_items; ++i) candidates.emplace_back(i);
  request.candidates = candidates;
  Slate slate;
  informed.rank({&request, 1}, {&slate, 1});

  const TasteModel& taste = newcomers_.taste();
  std::vector<double> normals(2), state(2), utilities(k_items);
  keyed_normals(KeyedRandom(derived_seed(1, "informed oracle"), Purpose::population), UserKey(0), 0, normals);
  taste.place(population_.observables.law.encode(request.profile->attributes.levels), normals, state);
  const std::uint32_t group = newcomers_.group_of(*request.profile);
  taste.utilities(group, state, utilities);
  const std::vector<double> born = utilities;
  UserCondition user = on.begin(group, state, utilities, 1000);
  for (const ShownSlate& shown : history.shown) {
    on.pass_time(shown.time.timestamp, user);
    on.after_page({shown, 60.0}, user);
  }
  on.pass_time(4000, user);
  const std::vector<std::uint64_t> ties(k_items, 0);
  const auto best = [&](const std::vector<double>& values) {
    std::vector<ItemId> items;
    for (const std::size_t at : most_useful(values, ties, 5).order) items.emplace_back(static_cast<std::uint32_t>(at));
    return items;
  };
  EXPECT_EQ(slate.items, best(user.utilities()));
  EXPECT_NE(slate.items, best(user.taste)) << "satiation does not show in this test";
  for (std::size_t i = 0; i < k_items; ++i) utilities[i] = born[i] - user.satiation[i];
  EXPECT_NE(slate.items, best(utilities)) << "drift does not show in this test";
}

TEST_F(DynamicsReplay, a_budget_cuts_sessions_to_its_length) {
  options_.leave_probability = 0;
  options_.return_probability = 1;
  DynamicsOptions options;
  options.session_budget_seconds = 150;  // pages of 60 seconds: the third one spends it
  const UserDynamics on = dynamics(options);
  const ReplayResult result = run_popularity(&on, 20);
  EXPECT_EQ(result.policies[0].pages, 20u * 3u * 3u);
}

TEST_F(DynamicsReplay, clicks_take_time) {
  options_.leave_probability = 0;
  options_.sessions = 1;
  DynamicsOptions options;
  options.click_seconds = 45;
  const UserDynamics on = dynamics(options);
  const ReplayResult result = run_popularity(&on, 30);
  std::size_t clicks = 0;
  for (std::size_t at = 1; at < result.policies[0].log.size(); ++at) {
    const PageRow &before = result.policies[0].log[at - 1], &row = result.policies[0].log[at];
    if (row.user != before.user) continue;
    const auto clicked = std::count(before.clicks.begin(), before.clicks.end(), 1);
    EXPECT_EQ(row.timestamp - before.timestamp, 60 + 45 * clicked);
    clicks += static_cast<std::size_t>(clicked);
  }
  EXPECT_GT(clicks, 0u);
}

TEST_F(DynamicsReplay, fatigue_gives_sessions_the_length_of_their_hazard) {
  // Odds of leaving are 1/4 e^{n/2} after page n; survival is the product of what stays.
  options_.sessions = 1;
  options_.pages = 30;
  options_.leave_probability = 0.2;
  DynamicsOptions options;
  options.leave_fatigue = 0.5;
  double expected = 0, alive = 1;
  for (int n = 1; n <= 30; ++n) {
    expected += alive;
    alive *= 1.0 / (1.0 + 0.25 * std::exp(0.5 * n));
  }
  const UserDynamics on = dynamics(options);
  const ReplayResult result = run_popularity(&on, 3000);
  double squares = 0;
  for (const UserRow& row : result.policies[0].users) squares += static_cast<double>(row.pages) * row.pages;
  const double mean = static_cast<double>(result.policies[0].pages) / 3000;
  EXPECT_NEAR(mean, expected, 4 * std::sqrt((squares / 3000 - mean * mean) / 3000));
}

TEST_F(DynamicsReplay, the_satisfied_stay_longer_and_come_back) {
  const auto pages = [&](const DynamicsOptions& options) {
    const std::unique_ptr<UserModel> model = make_user_model(options_, k_scale);
    const LatentOracle oracle("oracle", *model, catalogue_.ties(1));
    const UserDynamics on = dynamics(options);
    const std::vector<Contestant> contestants = {random_, oracle};
    const ReplayResult result =
        replay({&newcomers_, &catalogue_, model.get(), &on}, contestants, options_, {0, 400, KeepLog::no, {}});
    return std::pair(result.policies[0].pages, result.policies[1].pages);
  };
  const auto [random_still, oracle_still] = pages({});
  EXPECT_EQ(random_still, oracle_still) << "without dynamics all leave at the same time";
  DynamicsOptions options;
  options.leave_satisfaction = 4;
  options.return_satisfaction = 4;
  options.satisfaction_target = 0.6;
  const auto [random, oracle] = pages(options);
  EXPECT_GT(static_cast<double>(oracle), 1.1 * static_cast<double>(random));
}

TEST_F(DynamicsReplay, the_satisfied_come_back_sooner_by_the_factor_of_the_rule) {
  options_.pages = 1;
  options_.sessions = 2;
  options_.return_probability = 1;
  options_.return_gap_seconds = 1e6;
  DynamicsOptions options;
  options.return_speed = 2;
  options.satisfaction_rate = 0.5;
  options.satisfaction_target = 0.4;
  const UserDynamics on = dynamics(options);
  const ReplayResult still = run_popularity(nullptr, 100), moved = run_popularity(&on, 100);
  const std::vector<PageRow>&a = still.policies[0].log, &b = moved.policies[0].log;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t at = 0; at + 1 < a.size(); at += 2) {
    const bool clicked = std::count(b[at].clicks.begin(), b[at].clicks.end(), 1) > 0;
    // Satisfaction .7 or .2 after the page, target .4.
    const double factor = std::exp(-2.0 * ((clicked ? 0.7 : 0.2) - 0.4));
    const auto gap = static_cast<double>(a[at + 1].timestamp - a[at].timestamp - 60);
    EXPECT_NEAR(static_cast<double>(b[at + 1].timestamp - b[at].timestamp - 60), gap * factor, 3.0);
  }
}

}  // namespace
}  // namespace coldframe
