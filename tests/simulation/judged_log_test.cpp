#include "framework/simulation/judged_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "framework/simulation/basic_policies.h"
#include "framework/simulation/click_realism.h"
#include "framework/simulation/replay.h"
#include "framework/simulation/replay_log.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

constexpr std::size_t k_items = 40;

/// A log that a random policy left in a small world.
class JudgedLogTest : public ::testing::Test {
 protected:
  JudgedLogTest()
      : source_(invented_dataset(10, k_items, 1)),
        population_(small_population(k_items, 2, 1.5)),
        newcomers_(population_, population_.world("softmax-0"), 1.0),
        catalogue_(source_) {
    options_.threads = 2;
    options_.slate_size = 4;
    options_.pages = 2;
    options_.sessions = 2;
    options_.user_model = "pbm";
    options_.clicked_items = "stay";
  }

  SimulatedLog log_of(std::uint64_t users) const {
    const auto model = make_user_model(options_, {1.0, 1.0});
    const RandomPolicy policy("random", 3, catalogue_);
    const std::vector<Contestant> contestants = {policy};
    const PolicyOutcome outcome =
        replay({&newcomers_, &catalogue_, model.get()}, contestants, options_, {0, users, KeepLog::yes, {}})
            .policies[0];
    return make_simulated_log(source_, population_, outcome, policy.kind(), options_);
  }

  static JudgedLog read(const SimulatedLog& log, const std::function<bool(UserId)>& leave_out = {}) {
    return read_judged_log(log.data, Likes(log.data, {}), log.impressions, leave_out);
  }

  Dataset source_;
  Population population_;
  Newcomers newcomers_;
  Catalogue catalogue_;
  SimulationOptions options_;
};

TEST_F(JudgedLogTest, holds_pages_by_user_with_the_likes_of_before) {
  options_.given_likes = 3;
  const SimulatedLog log = log_of(30);
  const JudgedLog judged = read(log, [](UserId user) { return user.value() == 4; });
  EXPECT_EQ(judged.users.size(), 29u);
  EXPECT_EQ(judged.users_left_out, 1u);
  EXPECT_EQ(judged.pages.size(), 29u * 4);
  std::size_t clicks = 0;
  for (const JudgedUser& user : judged.users) {
    EXPECT_EQ(user.likes_before.size(), 3u);
    ASSERT_EQ(user.pages, 4u);
    for (std::uint32_t p = 0; p < 4; ++p) {
      const JudgedPage& page = judged.pages[user.first_page + p];
      EXPECT_EQ(page.user, user.key);
      EXPECT_EQ(page.number, p);
      EXPECT_EQ(page.session, p / 2);
      EXPECT_EQ(page.items.size(), 4u);
      clicks += static_cast<std::size_t>(std::ranges::count(page.seen.clicks, std::uint8_t{1}));
    }
  }
  std::size_t logged = 0;
  for (std::size_t r = 0; r < log.impressions.size(); ++r) {
    if (log.impressions.user[r].value() != 4) logged += log.impressions.clicked[r];
  }
  EXPECT_EQ(clicks, logged);
}

TEST_F(JudgedLogTest, leaves_out_pages_of_sessions_that_began_with_a_query) {
  SimulatedLog log = log_of(5);
  log.impressions.queries = {"", "comedy"};
  log.impressions.query.assign(log.impressions.size(), 0);
  for (std::size_t r = 0; r < log.impressions.size(); ++r) log.impressions.query[r] = log.impressions.session[r];
  const JudgedLog judged = read(log);
  EXPECT_EQ(judged.search_pages, 10u);
  EXPECT_EQ(judged.pages.size(), 10u);
  for (const JudgedPage& page : judged.pages) EXPECT_EQ(page.session, 0u);
}

TEST_F(JudgedLogTest, popularity_gives_everybody_the_same_utilities) {
  const JudgedLog judged = read(log_of(3));
  std::vector<std::uint32_t> likes(k_items, 2);
  likes[7] = 9;
  const PageUtilities utilities = popularity_utilities(judged, likes);
  for (std::size_t p = 0; p < judged.pages.size(); ++p) {
    for (std::size_t k = 0; k < 4; ++k) {
      const double count = judged.pages[p].items[k] == ItemId(7) ? 10 : 3;
      EXPECT_NEAR(utilities[p][k], std::log(40 * count / (39 * 3 + 10)), 1e-12);
    }
  }
}

TEST_F(JudgedLogTest, a_world_expects_the_mean_taste_of_people_with_the_same_attributes) {
  const SimulatedLog log = log_of(6);
  const JudgedLog judged = read(log);
  const PageUtilities utilities = world_utilities(judged, log.data, newcomers_, {8192, 1, {}});
  for (const JudgedUser& user : judged.users) {
    // The same mean over other draws, the slow way.
    const Newcomer who = newcomers_.newcomer(user.key.value());
    const Profile& profile = newcomers_.profile(who);
    const std::vector<double> x = population_.observables.law.encode(profile.attributes.levels);
    const TasteModel& taste = newcomers_.taste();
    constexpr std::uint64_t k_draws = 20'000;
    std::vector<double> mean(k_items), normals(taste.latent_size()), state(taste.latent_size()), v(k_items);
    for (std::uint64_t m = 0; m < k_draws; ++m) {
      keyed_normals(KeyedRandom(77, Purpose::population), UserKey(m), 0, normals);
      taste.place(x, normals, state);
      taste.utilities(newcomers_.group_of(profile), state, v);
      for (std::size_t i = 0; i < k_items; ++i) mean[i] += std::exp(v[i]) / k_draws;
    }
    for (std::size_t p = user.first_page; p < user.first_page + user.pages; ++p) {
      for (std::size_t k = 0; k < 4; ++k) {
        EXPECT_NEAR(utilities[p][k], std::log(mean[judged.pages[p].items[k].value()]), 0.15);
      }
    }
  }
}

TEST_F(JudgedLogTest, likes_of_before_bring_utilities_closer_to_the_truth) {
  const auto error = [&](std::int64_t given) {
    options_.given_likes = given;
    const SimulatedLog log = log_of(60);
    const JudgedLog judged = read(log);
    const PageUtilities utilities = world_utilities(judged, log.data, newcomers_);
    double sum = 0;
    for (std::size_t p = 0; p < judged.pages.size(); ++p) {
      const Latents latents = newcomers_.latents(newcomers_.newcomer(judged.pages[p].user.value()));
      for (std::size_t k = 0; k < 4; ++k) {
        const double gap = utilities[p][k] - LatentsProbe::utilities(latents)[judged.pages[p].items[k].value()];
        sum += gap * gap;
      }
    }
    return sum / static_cast<double>(4 * judged.pages.size());
  };
  EXPECT_LT(error(8), 0.6 * error(0));
}

TEST_F(JudgedLogTest, renamed_items_are_those_of_twins_and_explain_less) {
  const std::vector<ItemId> as = renamed_as(population_);
  std::set<std::uint32_t> names;
  std::size_t moved = 0;
  for (std::uint32_t i = 0; i < k_items; ++i) {
    names.insert(as[i].value());
    moved += as[i].value() != i ? 1 : 0;
  }
  EXPECT_EQ(names.size(), k_items);
  EXPECT_GT(moved, k_items / 2);
  options_.given_likes = 5;
  const SimulatedLog log = log_of(1500);
  const JudgedLog judged = read(log);
  const std::vector<NamedUtilities> sources = {
      {"popularity", popularity_utilities(judged, population_.world_popularity)},
      {"world", world_utilities(judged, log.data, newcomers_, {512, 1, {}})},
      {"renamed", world_utilities(judged, log.data, newcomers_, {512, 1, as})}};
  ClickRealismOptions options;
  options.bootstrap.replicates = 200;
  const std::vector<UtilityJudgement> rows = judge_utilities(judged.pages, sources, "pbm", options);
  EXPECT_GT(rows[1].over_first.interval->low, 0);
  EXPECT_LT(rows[2].log_likelihood.value, rows[1].log_likelihood.value - 0.02);
}

TEST_F(JudgedLogTest, an_attribute_that_the_log_does_not_have_is_named) {
  SimulatedLog log = log_of(2);
  EXPECT_EQ(missing_attribute(population_.observables.law, log.data), "");
  log.data.users.columns.pop_back();
  EXPECT_EQ(missing_attribute(population_.observables.law, log.data), "age");
}

}  // namespace
}  // namespace coldframe
