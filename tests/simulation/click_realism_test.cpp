// Logs with known laws of clicks: the right one has to be found, the wrong ones have to be noticed.

#include "framework/simulation/click_realism.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "framework/simulation/random_layout.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

constexpr std::size_t k_positions = 5;
constexpr std::uint32_t k_pages = 4;  // per user, in two sessions

SimulationOptions truth_of(const std::string& model) {
  SimulationOptions options;
  options.user_model = model;
  options.pbm_decay = 0.7;
  options.dcm_continue = 0.7;
  options.dcm_decay = 0.8;
  options.dbn_continue = 0.8;
  options.dbn_satisfaction = 0.3;
  options.dbn_satisfaction_gain = 0.5;
  return options;
}

/// Pages of users; `mood` is the standard deviation of what each adds to all utilities, of which the log knows nothing.
std::vector<JudgedPage> draw_log(const std::string& model, std::size_t users, double mood = 0) {
  const auto law = make_user_model(truth_of(model), {0.9, 0.6});
  const SimulationRandom random(11), moods(12);
  std::vector<JudgedPage> log;
  const std::vector<std::uint32_t> slots = {0, 1, 2, 3, 4};
  for (std::uint64_t user = 0; user < users; ++user) {
    std::vector<double> normals(k_pages * k_positions), own(1);
    random.latent_normals(UserKey(user), normals);
    moods.latent_normals(UserKey(user), own);
    for (std::uint32_t p = 0; p < k_pages; ++p) {
      JudgedPage page;
      page.user = UserKey(user);
      page.number = p;
      page.session = p / 2;
      page.seen.clicks.resize(k_positions);
      std::vector<double> felt;
      for (std::uint32_t k = 0; k < k_positions; ++k) {
        page.items.emplace_back(static_cast<std::uint32_t>((user * 7 + p * 3 + k) % 50));
        page.seen.utilities.push_back(1.5 * normals[p * k_positions + k]);
        felt.push_back(page.seen.utilities.back() + mood * own[0]);
      }
      law->sample(random, {page.user, p / 2, p % 2, felt, slots}, page.seen.clicks);
      log.push_back(std::move(page));
    }
  }
  return log;
}

ClickRealismOptions short_options() {
  ClickRealismOptions options;
  options.iterated_picks = k_positions;
  options.redraws = 20;
  options.bootstrap.replicates = 200;
  return options;
}

const ClickLawJudgement& row_of(const ClickRealism& realism, const std::string& law) {
  const auto found = std::ranges::find_if(realism.laws, [&](const ClickLawJudgement& row) { return row.law == law; });
  EXPECT_NE(found, realism.laws.end()) << law;
  return *found;
}

TEST(ClickRealism, finds_the_law_that_made_a_log) {
  // Whom each is told from. A log of single clicks excludes nobody but identifies only laws of single clicks; more
  // clicks exclude these. dcm and dbn contain or nearly contain each other.
  const std::map<std::string, std::vector<std::string>> told_from = {{"mnl", {"cascade"}},
                                                                     {"cascade", {"mnl"}},
                                                                     {"iterated_logit", {"pbm", "dcm"}},
                                                                     {"pbm", {"iterated_logit", "dcm"}},
                                                                     {"dcm", {"pbm", "iterated_logit"}},
                                                                     {"dbn", {"pbm", "iterated_logit"}}};
  for (const auto& [truth, others] : told_from) {
    ClickRealismOptions options = short_options();
    if (truth == "iterated_logit") options.iterated_picks = 3;  // as in truth_of()
    const ClickRealism realism = judge_clicks(draw_log(truth, 1500), options);
    ASSERT_EQ(realism.unknown, "");
    EXPECT_EQ(realism.users, 1500u);
    EXPECT_EQ(realism.pages, 6000u);
    EXPECT_EQ(realism.fitted_users + realism.judged_users, 1500u);
    const ClickLawJudgement& own = row_of(realism, truth);
    ASSERT_EQ(own.refused, "") << truth;
    if (realism.best != truth) {
      EXPECT_GE(own.over_best.interval->high, 0) << truth << " against " << realism.best;
    }
    std::size_t compared = 0;
    for (const std::string& other : others) {
      const ClickLawJudgement& row = row_of(realism, other);
      if (!row.refused.empty()) continue;  // the log cannot even identify it
      ++compared;
      EXPECT_LT(row.log_likelihood.value, own.log_likelihood.value) << truth << " by " << other;
      EXPECT_LT(row.over_best.interval->high, 0) << truth << " by " << other;
    }
    EXPECT_GT(compared, 0u) << truth;
    for (const char* rates : {"one rate", "rates by position", "rates by item"}) {
      const ClickLawJudgement& row = row_of(realism, rates);
      EXPECT_TRUE(row.baseline);
      EXPECT_LT(row.over_best.interval->high, 0) << truth << " by " << rates;
      EXPECT_GT(row.mean_perplexity, own.mean_perplexity) << truth << " by " << rates;
    }
    EXPECT_GT(own.over_positions.interval->low, 0) << truth;
    EXPECT_EQ(row_of(realism, "rates by position").over_positions.value, 0);
    // Whose law it is passes the checks of frequencies.
    EXPECT_LT(own.calibration.value, 1.5 * own.calibration.by_chance) << truth;
    EXPECT_LT(own.page_clicks.value, 1.5 * own.page_clicks.by_chance) << truth;
    EXPECT_LT(own.session_clicks.value, 1.5 * own.session_clicks.by_chance) << truth;
    for (std::size_t k = 0; k < k_positions; ++k) {
      EXPECT_NEAR(own.click_rate[k], realism.click_rate[k], 0.03) << truth << " at " << k;
    }
  }
}

TEST(ClickRealism, lists_models_that_the_log_cannot_identify_with_the_reason) {
  const ClickRealism single = judge_clicks(draw_log("cascade", 300), short_options());
  EXPECT_THAT(row_of(single, "dcm").refused, ::testing::HasSubstr("dcm_"));
  const ClickRealism several = judge_clicks(draw_log("pbm", 300), short_options());
  for (const char* model : {"mnl", "cascade"}) {
    EXPECT_THAT(row_of(several, model).refused, ::testing::HasSubstr("cannot happen under user model")) << model;
    EXPECT_TRUE(row_of(several, model).perplexity.empty());
  }
  EXPECT_EQ(row_of(several, "pbm").refused, "");
}

TEST(ClickRealism, positions_that_grow_more_popular_are_looked_at_all_alike) {
  // Logs read from below: an unbounded decay would be negative, and no law.
  std::vector<JudgedPage> log = draw_log("pbm", 300);
  for (JudgedPage& page : log) {
    std::ranges::reverse(page.seen.utilities);
    std::ranges::reverse(page.seen.clicks);
  }
  const ClickRealism realism = judge_clicks(log, short_options());
  const ClickLawJudgement& pbm = row_of(realism, "pbm");
  ASSERT_EQ(pbm.refused, "");
  const auto decay = std::ranges::find_if(pbm.parameters, [](const auto& p) { return p.name == "pbm_decay"; });
  EXPECT_EQ(decay->value, 0);
  EXPECT_EQ(decay->standard_error, 0);
}

TEST(ClickRealism, a_page_of_the_second_half_that_cannot_happen_refuses_the_model) {
  std::vector<JudgedPage> log = draw_log("cascade", 300);
  const ClickRealism before = judge_clicks(log, short_options());
  ASSERT_EQ(row_of(before, "cascade").refused, "");
  // One page after the other gets a second click; those of the first half are refused by the fit.
  for (JudgedPage& page : log) {
    const std::vector<std::uint8_t> clicks = page.seen.clicks;
    page.seen.clicks = {1, 1, 0, 0, 0};
    const ClickRealism after = judge_clicks(std::span(log), short_options());
    page.seen.clicks = clicks;
    const std::string refused = row_of(after, "cascade").refused;
    ASSERT_NE(refused, "");
    if (refused.starts_with("the other half")) {
      EXPECT_THAT(refused, ::testing::HasSubstr("2 clicks"));
      return;
    }
  }
  FAIL() << "no page of the second half";
}

TEST(ClickRealism, moods_that_utilities_do_not_know_show_in_clicks_per_session) {
  const ClickRealism known = judge_clicks(draw_log("pbm", 1500), short_options());
  const ClickRealism moody = judge_clicks(draw_log("pbm", 1500, 1.5), short_options());
  EXPECT_LT(row_of(known, "pbm").session_clicks.value, 1.5 * row_of(known, "pbm").session_clicks.by_chance);
  EXPECT_GT(row_of(moody, "pbm").session_clicks.value, 2.0 * row_of(moody, "pbm").session_clicks.by_chance);
}

TEST(ClickRealism, utilities_of_a_wrong_world_are_noticed) {
  const std::vector<JudgedPage> log = draw_log("pbm", 800);
  NamedUtilities right{"right", {}}, wrong{"wrong", {}}, none{"none", {}};
  for (std::size_t p = 0; p < log.size(); ++p) {
    right.utilities.push_back(log[p].seen.utilities);
    wrong.utilities.push_back(log[(p + 17) % log.size()].seen.utilities);
    none.utilities.emplace_back(k_positions, 0.5);
  }
  const std::vector<NamedUtilities> sources = {wrong, right, none};
  const std::vector<UtilityJudgement> rows = judge_utilities(log, sources, "pbm", short_options());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_GT(rows[1].over_first.interval->low, 0.1);
  EXPECT_EQ(rows[0].over_first.value, 0);
  EXPECT_NEAR(rows[1].over_first.value, rows[1].log_likelihood.value - rows[0].log_likelihood.value, 1e-9);
  EXPECT_THAT(rows[2].refused, ::testing::HasSubstr("all utilities are equal"));
}

TEST(ClickRealism, says_why_a_log_says_nothing) {
  using ::testing::HasSubstr;
  std::vector<JudgedPage> log = draw_log("pbm", 40);
  EXPECT_THAT(judge_clicks({}).unknown, HasSubstr("no pages"));
  const std::vector<JudgedPage> alone(log.begin(), log.begin() + k_pages);
  const ClickRealism one = judge_clicks(alone);
  EXPECT_TRUE(one.unknown.find("halves") != std::string::npos || one.unknown == "nothing was clicked") << one.unknown;
  for (const std::uint8_t click : {std::uint8_t{0}, std::uint8_t{1}}) {
    for (JudgedPage& page : log) std::ranges::fill(page.seen.clicks, click);
    const ClickRealism realism = judge_clicks(log);
    EXPECT_THAT(realism.unknown, HasSubstr(click == 0 ? "nothing was clicked" : "everything was clicked"));
    EXPECT_TRUE(realism.laws.empty());
  }
}

TEST(ClickRealism, the_same_log_gives_the_same_numbers) {
  const std::vector<JudgedPage> log = draw_log("dcm", 200);
  const ClickRealism a = judge_clicks(log, short_options()), b = judge_clicks(log, short_options());
  for (std::size_t at = 0; at < a.laws.size(); ++at) {
    EXPECT_EQ(a.laws[at].log_likelihood.value, b.laws[at].log_likelihood.value);
    EXPECT_EQ(a.laws[at].calibration.by_chance, b.laws[at].calibration.by_chance);
    EXPECT_EQ(a.laws[at].perplexity, b.laws[at].perplexity);
  }
}

}  // namespace
}  // namespace coldframe
