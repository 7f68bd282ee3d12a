#include "framework/simulation/population_mix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/basic_policies.h"
#include "framework/simulation/replay.h"
#include "synthetic_world.h"

namespace coldframe {
namespace {

MixDriftOptions mix_of(const std::string& kind, std::vector<std::string> weights, std::int64_t at = 1,
                       std::int64_t over = 4) {
  MixDriftOptions options;
  options.kind = kind;
  options.weights = std::move(weights);
  options.at_period = at;
  options.over_periods = over;
  return options;
}

class PopulationMixTest : public ::testing::Test {
 protected:
  PopulationMixTest() : population_(small_population(12, 2)) { population_.observables.users_per_period = 5000; }

  bool is(std::uint32_t row, std::size_t field, const std::string& level) const {
    const AttributeField& known = population_.observables.law.fields()[field];
    return known.levels[population_.observables.pool[row].attributes.levels[field]] == level;
  }
  Population population_;
};

TEST_F(PopulationMixTest, newcomers_have_the_weighted_shares_afterwards_and_are_the_same_before) {
  // Weights multiply: women under 30 have 3 x 2, women above 3, men under 30 2, men above 1.
  const PopulationMix mix(population_.observables, mix_of("sudden", {"gender:F=3", "age:20-29=2"}, 2));
  const Newcomers plain(population_, population_.world("softmax-0"), 1.0);
  const Newcomers changing(population_, population_.world("softmax-0"), 1.0, nullptr, &mix);
  double women = 0, young = 0, all = 0, women_before = 0;
  for (std::uint32_t p = 0; p < population_.observables.pool.size(); ++p) {
    const double weight = (is(p, 0, "F") ? 3 : 1) * (is(p, 1, "20-29") ? 2 : 1);
    all += weight;
    women += is(p, 0, "F") ? weight : 0;
    young += is(p, 1, "20-29") ? weight : 0;
    women_before += is(p, 0, "F") ? 0.05 : 0;
  }
  EXPECT_NEAR(mix.shares()[0].before, women_before, 1e-12);
  EXPECT_NEAR(mix.shares()[0].after, women / all, 1e-12);
  EXPECT_NEAR(mix.shares()[1].after, young / all, 1e-12);
  constexpr std::uint64_t count = 4000;
  double drawn_women = 0, drawn_young = 0;
  for (std::uint64_t n = 0; n < count; ++n) {
    EXPECT_EQ(changing.newcomer(5000 + n).profile, plain.newcomer(5000 + n).profile) << "before the change";
    const Newcomer after = changing.newcomer(10000 + n);
    drawn_women += is(after.profile, 0, "F") ? 1 : 0;
    drawn_young += is(after.profile, 1, "20-29") ? 1 : 0;
    EXPECT_EQ(after.arrival, plain.newcomer(10000 + n).arrival);
  }
  for (const auto& [drawn, share] : {std::pair{drawn_women, women / all}, {drawn_young, young / all}}) {
    EXPECT_NEAR(drawn / count, share, 4 * std::sqrt(share * (1 - share) / count));
  }
}

TEST_F(PopulationMixTest, gradually_more_newcomers_are_of_the_new_mix_and_the_others_stay_who_they_are) {
  const PopulationMix slow(population_.observables, mix_of("gradual", {"gender:F=0"}, 0, 4));
  const PopulationMix fast(population_.observables, mix_of("gradual", {"gender:F=0"}, 0, 2));
  const SimulationRandom random(population_.seed);
  constexpr int users = 4000;
  const auto women = [&](const PopulationMix* mix) {
    int count = 0;
    for (int u = 0; u < users; ++u) {
      const UserKey user(static_cast<std::uint64_t>(u));
      const std::uint32_t before = uniform_below(random.profile_word(user), 20);
      const std::uint32_t row = mix != nullptr ? mix->profile(random, user, 0) : before;
      // Who is still a woman at the larger weight is the same woman at the smaller one.
      if (mix == &fast && is(row, 0, "F")) {
        EXPECT_EQ(row, before);
        EXPECT_EQ(slow.profile(random, user, 0), before);
      }
      count += is(row, 0, "F") ? 1 : 0;
    }
    return count;
  };
  // The first period has the weights 1/4 and 1/2; women are left among those of the old mix alone.
  const double before = women(nullptr);
  EXPECT_NEAR(women(&slow), 0.75 * before, 4 * std::sqrt(before * 0.75 * 0.25));
  EXPECT_NEAR(women(&fast), 0.5 * before, 4 * std::sqrt(before * 0.25));
}

TEST_F(PopulationMixTest, recurring_takes_turns) {
  const MixDriftOptions options = mix_of("recurring", {"gender:F=0"}, 1, 2);
  const double weights[] = {0, 1, 1, 0, 0, 1};
  for (std::uint32_t period = 0; period < 6; ++period) EXPECT_EQ(options.weight(period), weights[period]);
}

TEST_F(PopulationMixTest, a_change_that_is_still_to_come_changes_no_bit_and_taste_follows_the_profile) {
  const PopulationMix later(population_.observables, mix_of("sudden", {"gender:F=3"}, 1));
  const PopulationMix now(population_.observables, mix_of("sudden", {"gender:F=0"}, 0));
  const Catalogue catalogue = small_catalogue(12);
  const RandomPolicy random("random", 3, catalogue);
  SimulationOptions options;
  options.slate_size = 3;
  options.pages = 2;
  const std::unique_ptr<UserModel> model = make_user_model(options, {1.0, 1.0});
  const auto run = [&](const PopulationMix* mix, int threads, int block) {
    const Newcomers newcomers(population_, population_.world("softmax-0"), 1.0, nullptr, mix);
    options.threads = threads;
    options.block_users = block;
    const std::vector<Contestant> contestants = {random};
    return pack(replay({&newcomers, &catalogue, model.get()}, contestants, options, {0, 60, KeepLog::yes, {}}));
  };
  EXPECT_EQ(run(&later, 1, 16), run(nullptr, 1, 16));
  EXPECT_NE(run(&now, 1, 16), run(nullptr, 1, 16));
  EXPECT_EQ(run(&now, 1, 16), run(&now, 3, 7));
  const Newcomers changed(population_, population_.world("softmax-0"), 1.0, nullptr, &now);
  for (std::uint64_t n = 0; n < 50; ++n) EXPECT_EQ(changed.group_of(changed.profile(changed.newcomer(n))), 1u) << "M";
}

TEST_F(PopulationMixTest, mistakes_name_what_there_is) {
  const auto message = [&](std::vector<std::string> weights) -> std::string {
    try {
      PopulationMix(population_.observables, mix_of("sudden", std::move(weights)));
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message({"sex:F=2"}),
              ::testing::AllOf(::testing::HasSubstr("'sex'"), ::testing::HasSubstr("gender, age")));
  EXPECT_THAT(message({"age:25=2"}), ::testing::HasSubstr("20-29, 30-49"));
  EXPECT_THAT(message({"gender:F=0", "gender:M=0"}), ::testing::HasSubstr("nobody would be left"));
  EXPECT_THAT(message({"gender:F=2", "gender:F=3"}), ::testing::HasSubstr("'F' of gender twice"));
  EXPECT_THAT(message({"gender:F=1e308", "gender:M=1e308"}), ::testing::HasSubstr("beyond all numbers"));

  const auto problem = [](const MixDriftOptions& options) {
    const std::vector<Problem> problems = options.validate();
    return problems.empty() ? std::string() : problems.front().text;
  };
  EXPECT_EQ(problem(mix_of("sudden", {"gender:F=3"})), "");
  EXPECT_EQ(problem(mix_of("none", {})), "");
  EXPECT_THAT(problem(mix_of("sudden", {})), ::testing::HasSubstr("is missing"));
  EXPECT_THAT(problem(mix_of("none", {"gender:F=3"})), ::testing::HasSubstr("no effect"));
  for (const char* text : {"gender", "gender:F", "gender:=3", ":F=3", "gender:F=", "gender:F=x", "gender:F=-1",
                           "gender:F=nan", "gender:F=inf"}) {
    EXPECT_THAT(problem(mix_of("sudden", {text})), ::testing::HasSubstr("ATTRIBUTE:LEVEL=NUMBER")) << text;
  }
  EXPECT_EQ(parse_level_weight("age:18-24=0.5")->level, "18-24");
  EXPECT_EQ(parse_level_weight("a:b=c=2")->level, "b=c");
}

}  // namespace
}  // namespace coldframe
