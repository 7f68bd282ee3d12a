#include "framework/simulation/planning_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

const std::vector<std::string> k_models = {"mnl", "iterated_logit", "pbm", "cascade", "dcm", "dbn"};

/// A page that depends on everything a policy may look at.
class CapriciousPolicy final : public ScoredPolicy {
 public:
  CapriciousPolicy(std::uint64_t seed, std::size_t items, TieBreak ties)
      : ScoredPolicy(std::move(ties)), seed_(seed), items_(items) {}
  const std::string& name() const override { return name_; }
  std::size_t items() const override { return items_; }
  void score(std::span<const PolicyRequest> requests, std::span<float> scores) const override {
    for (std::size_t r = 0; r < requests.size(); ++r) {
      std::uint64_t seen = combine_hash(seed_, requests[r].time.page);
      for (const ItemId like : requests[r].history->likes) seen = combine_hash(seen, like.value());
      for (std::size_t i = 0; i < items_; ++i) {
        scores[r * items_ + i] = static_cast<float>(combine_hash(seen, i) >> 44);
      }
    }
  }

 private:
  std::string name_ = "capricious";
  std::uint64_t seed_;
  std::size_t items_;
};

/// A small world whose users change in every way within a session.
class PlanningTest : public ::testing::Test {
 protected:
  void make_world(std::size_t items, std::size_t slate, std::int64_t pages, const std::string& model) {
    items_ = items;
    population_ = std::make_unique<Population>(small_population(items, 2, 2.0));
    newcomers_ = std::make_unique<Newcomers>(*population_, population_->world("softmax-0"), 1.0);
    catalogue_ = std::make_unique<Catalogue>(small_catalogue(items));
    options_.slate_size = static_cast<std::int64_t>(slate);
    options_.pages = pages;
    options_.leave_probability = 0.2;
    options_.user_model = model;
    options_.clicked_items = "stay";
    options_.threads = 2;
    model_ = make_user_model(options_, {1.0, 0.5});
    everything_.taste_drift = 0.4;
    everything_.satiation = 0.8;
    everything_.satiation_half_life_seconds = 100;
    everything_.leave_satisfaction = 3;
    everything_.leave_fatigue = 0.3;
    everything_.session_budget_seconds = 170;
    everything_.click_seconds = 20;
    everything_.click_bonus_seconds = 30;
  }

  UserDynamics dynamics(const DynamicsOptions& options) const { return {options, options_, newcomers_->taste()}; }
  PlanningOracle planner(const UserDynamics& dynamics) const {
    return {"planning oracle", {&newcomers_->taste(), model_.get(), &dynamics, &options_}};
  }
  PolicyRequest first_request(const Newcomer& who) const {
    PolicyRequest request;
    request.user = who.key;
    request.profile = &newcomers_->profile(who);
    request.history = &blank_;
    request.time.timestamp = who.arrival;
    request.candidates = all_;
    request.slate_size = static_cast<std::size_t>(options_.slate_size);
    return request;
  }
  void fill_candidates() {
    all_.clear();
    for (std::uint32_t i = 0; i < items_; ++i) all_.emplace_back(i);
  }

  /// Every policy's exact expectation against the planner's, for some users.
  void expect_never_beaten(const DynamicsOptions& options, std::uint64_t users, const std::string& label) {
    fill_candidates();
    const UserDynamics changes = dynamics(options);
    const PlanningOracle planning = planner(changes);
    const LatentOracle myopic("oracle", *model_, catalogue_->ties(1));
    const RandomPolicy random("random", 3, *catalogue_);
    std::vector<float> likes(population_->world_popularity.begin(), population_->world_popularity.end());
    const FixedScorePolicy popularity("popularity", likes, catalogue_->ties(1));
    for (std::uint64_t user = 0; user < users; ++user) {
      const Newcomer who = newcomers_->newcomer(user);
      const Latents latents = newcomers_->latents(who);
      const PolicyRequest request = first_request(who);
      const double best = planning.best_total(request, latents);
      EXPECT_NEAR(planning.expected_total(request, latents, planning), best, 1e-9) << label << ", user " << user;
      EXPECT_LE(planning.expected_total(request, latents, myopic), best + 1e-9) << label << ", user " << user;
      EXPECT_LE(planning.expected_total(request, latents, popularity), best + 1e-9) << label << ", user " << user;
      EXPECT_LE(planning.expected_total(request, latents, random), best + 1e-9) << label << ", user " << user;
      for (const std::uint64_t seed : {1, 2, 3}) {
        const CapriciousPolicy capricious(seed, items_, catalogue_->ties(1));
        EXPECT_LE(planning.expected_total(request, latents, capricious), best + 1e-9) << label << ", user " << user;
      }
    }
  }

  std::size_t items_ = 0;
  std::unique_ptr<Population> population_;
  std::unique_ptr<Newcomers> newcomers_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<UserModel> model_;
  SimulationOptions options_;
  DynamicsOptions everything_;
  History blank_;
  std::vector<ItemId> all_;
};

TEST_F(PlanningTest, beats_the_myopic_oracle_where_a_click_today_changes_tastes_for_tomorrow) {
  // Item A is liked a little better now; a click on B moves tastes to where B is liked far more than A ever is.
  SoftmaxParameters p;
  p.items = 3;
  p.groups = 1;
  p.dimension = 2;
  p.attribute_size = 1;
  p.item_bias.assign(3, 0.0);
  p.group_bias.assign(3, 0.0);
  p.item_factors = {1, 0, 0, 3, 0, 0};
  p.attribute_effect = {0, 0};
  const auto taste = make_softmax_taste(p, 1.0);
  options_.slate_size = 1;
  options_.pages = 2;
  options_.leave_probability = 0;
  options_.clicked_items = "stay";
  DynamicsOptions drift;
  drift.taste_drift = 0.9;
  const UserDynamics changes(drift, options_, *taste);
  const auto model = make_user_model(options_, {2.0, 0.6});
  const PlanningOracle planning("planning oracle", {taste.get(), model.get(), &changes, &options_});

  const std::vector<double> born = {1.4, 0.45};
  std::vector<double> now(3), later(3);
  taste->utilities(0, born, now);
  const auto click = [](double utility) { return 1.0 / (1.0 + std::exp(-(2.0 * utility - 0.6))); };
  const double today = std::max({click(now[0]), click(now[1]), click(now[2])});
  // Showing i first: P(i) + P(i) best after a click on i + (1 - P(i)) best of today again.
  std::vector<double> totals;
  for (std::uint32_t i = 0; i < 3; ++i) {
    std::vector<double> moved = born;
    taste->drift(moved, ItemId(i), 0.9);
    taste->utilities(0, moved, later);
    const double tomorrow = std::max({click(later[0]), click(later[1]), click(later[2])});
    totals.push_back(click(now[i]) * (1.0 + tomorrow) + (1.0 - click(now[i])) * today);
  }
  ASSERT_GT(click(now[0]), click(now[1]));
  ASSERT_GT(totals[1], totals[0] + 0.03);

  const std::vector<ItemId> items = {ItemId(0), ItemId(1), ItemId(2)};
  PolicyRequest request;
  request.user = UserKey(1);
  request.history = &blank_;
  request.candidates = items;
  request.slate_size = 1;
  const Latents latents = LatentsProbe::make(0, born, now);
  const LatentOracle myopic("oracle", *model, small_catalogue(3).ties(1));
  EXPECT_NEAR(planning.best_total(request, latents), totals[1], 1e-12);
  EXPECT_NEAR(planning.expected_total(request, latents, myopic), totals[0], 1e-12);
  const Latents* const of = &latents;
  Slate slate;
  planning.rank({&request, 1}, {&of, 1}, {&slate, 1});
  EXPECT_EQ(slate.items, std::vector<ItemId>{ItemId(1)});
  myopic.rank({&request, 1}, {&of, 1}, {&slate, 1});
  EXPECT_EQ(slate.items, std::vector<ItemId>{ItemId(0)});
}

TEST_F(PlanningTest, is_never_beaten_by_any_policy_under_any_user_model_and_rule) {
  for (const std::string& model : k_models) {
    make_world(4, 2, 3, model);
    const DynamicsOptions all = everything_;
    DynamicsOptions drift, satiation;
    drift.taste_drift = 0.6;
    satiation.satiation = 2.0;
    for (const char* clicked : {"stay", "leave"}) {
      options_.clicked_items = clicked;
      expect_never_beaten(all, 2, model + ", all rules, " + clicked);
      expect_never_beaten(drift, 2, model + ", drift, " + clicked);
      expect_never_beaten(satiation, 2, model + ", satiation, " + clicked);
      expect_never_beaten({}, 2, model + ", still, " + clicked);
    }
  }
}

TEST_F(PlanningTest, plans_four_pages_over_six_items) {
  make_world(6, 1, 4, "dbn");
  expect_never_beaten(everything_, 3, "six items");
}

TEST_F(PlanningTest, is_the_myopic_oracle_where_nothing_changes) {
  for (const std::string& model : k_models) {
    make_world(5, 2, 4, model);
    options_.leave_probability = 0.25;
    fill_candidates();
    const UserDynamics still = dynamics({});
    const PlanningOracle planning = planner(still);
    const LatentOracle myopic("oracle", *model_, catalogue_->ties(1));
    for (std::uint64_t user = 0; user < 5; ++user) {
      const Newcomer who = newcomers_->newcomer(user);
      const Latents latents = newcomers_->latents(who);
      const PolicyRequest request = first_request(who);
      std::vector<double> best;
      const std::span<const double> all = LatentsProbe::utilities(latents);
      const std::vector<std::uint64_t> ties(items_, 0);
      for (const std::size_t at : model_->best_slate(all, ties, 2).order) best.push_back(all[at]);
      // Four pages, each reached with three quarters of the probability of the one before.
      const double total = expected_reward(*model_, best) * (1 + 0.75 + 0.75 * 0.75 + 0.75 * 0.75 * 0.75);
      EXPECT_NEAR(planning.best_total(request, latents), total, 1e-9) << model;
      EXPECT_NEAR(planning.expected_total(request, latents, myopic), total, 1e-9) << model;
    }
  }
}

TEST_F(PlanningTest, expectations_are_those_of_the_replay) {
  make_world(5, 2, 3, "dcm");
  options_.clicked_items = "leave";
  fill_candidates();
  const UserDynamics changes = dynamics(everything_);
  const PlanningOracle planning = planner(changes);
  const LatentOracle myopic("oracle", *model_, catalogue_->ties(1));
  const RandomPolicy random("random", 3, *catalogue_);
  constexpr std::uint64_t k_users = 40;
  constexpr std::int64_t k_lives = 16;
  std::vector<double> expected(3), lived(3), squares(3);
  for (std::uint64_t user = 0; user < k_users; ++user) {
    const Newcomer who = newcomers_->newcomer(user);
    const Latents latents = newcomers_->latents(who);
    const PolicyRequest request = first_request(who);
    expected[0] += planning.best_total(request, latents);
    expected[1] += planning.expected_total(request, latents, myopic);
    expected[2] += planning.expected_total(request, latents, random);
  }
  // The same people with other luck.
  for (std::int64_t life = 1; life <= k_lives; ++life) {
    options_.seed = life;
    const RandomPolicy drawn("random", static_cast<std::uint64_t>(life), *catalogue_);
    const std::vector<Contestant> these = {planning, myopic, drawn};
    const ReplayResult result = replay({newcomers_.get(), catalogue_.get(), model_.get(), &changes}, these, options_,
                                       {0, k_users, KeepLog::no, {}});
    for (std::size_t c = 0; c < 3; ++c) {
      const double sum = result.policies[c].expected_rate() * static_cast<double>(result.policies[c].pages);
      lived[c] += sum / k_lives;
      squares[c] += sum * sum / k_lives;
    }
  }
  for (std::size_t c = 0; c < 3; ++c) {
    const double error = std::sqrt((squares[c] - lived[c] * lived[c]) / (k_lives - 1));
    EXPECT_NEAR(lived[c], expected[c], 4.5 * error) << c;
    EXPECT_LT(error, 0.06 * expected[c]) << c << ": the test would say nothing";
  }
  EXPECT_GT(expected[0], expected[1]);
  EXPECT_GT(expected[1], expected[2]);
}

TEST_F(PlanningTest, refuses_what_it_cannot_look_through) {
  const auto refuses = [&](const char* words) {
    const UserDynamics still = dynamics({});
    try {
      static_cast<void>(planner(still));
      FAIL() << "accepted: " << words;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(words));
    }
  };
  make_world(7, 2, 3, "mnl");
  refuses("7 items");
  make_world(6, 2, 5, "mnl");
  refuses("simulation.pages = 5");
  make_world(6, 2, 4, "mnl");
  options_.sessions = 2;
  refuses("simulation.sessions = 2");
}

}  // namespace
}  // namespace coldframe
