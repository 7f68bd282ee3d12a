#include "framework/simulation/policy_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {
namespace {

TEST(PolicyName, rules_stand_before_the_base) {
  const PolicyName plain = policy_named("popularity", "x");
  EXPECT_TRUE(plain.plain());
  EXPECT_EQ(plain.base, "popularity");

  const PolicyName both = policy_named("epsilon=0.25:softmax=0.5:ease", "x");
  EXPECT_EQ(both.base, "ease");
  EXPECT_EQ(both.epsilon, 0.25);
  EXPECT_EQ(both.temperature, 0.5);
  EXPECT_EQ(both.text, "epsilon=0.25:softmax=0.5:ease");

  const PolicyName standard = policy_named("epsilon:softmax:encoder", "x");
  EXPECT_EQ(standard.epsilon, 0.1);
  EXPECT_EQ(standard.temperature, 1.0);
  EXPECT_EQ(standard.around("lora"), "epsilon:softmax:lora");
}

TEST(PolicyName, questions_stand_before_everything) {
  const PolicyName name = policy_named("onboard:gain:5:epsilon=0.2:softmax:item_knn", "x");
  ASSERT_TRUE(name.onboarding.has_value());
  EXPECT_EQ(name.onboarding->chooser, "gain");
  EXPECT_EQ(name.onboarding->questions, 5u);
  EXPECT_EQ(name.epsilon, 0.2);
  EXPECT_EQ(name.base, "item_knn");
  EXPECT_EQ(policy_named("onboard:entropy:1:encoder", "x").around("lora"), "onboard:entropy:1:lora");
  EXPECT_FALSE(policy_named("item_knn", "x").onboarding.has_value());
}

TEST(PolicyName, ads_stand_before_what_draws_pages_and_behind_questions) {
  const PolicyName name = policy_named("ads:optimal:encoder", "x");
  EXPECT_EQ(name.ads, "optimal");
  EXPECT_EQ(name.base, "encoder");
  EXPECT_EQ(name.around("lora"), "ads:optimal:lora");
  EXPECT_EQ(name.without_ads(), "encoder");
  EXPECT_EQ(policy_named("ads:oracle:file:/a:b.csv", "x").file(), "/a:b.csv");
  EXPECT_FALSE(policy_named("popularity", "x").ads.has_value());
  EXPECT_EQ(policy_named("softmax:popularity", "x").without_ads(), "softmax:popularity");

  const PolicyName all = policy_named("onboard:gain:5:ads:oracle:epsilon=0.2:softmax:item_knn", "x");
  EXPECT_EQ(all.onboarding->chooser, "gain");
  EXPECT_EQ(all.ads, "oracle");
  EXPECT_EQ(all.epsilon, 0.2);
  EXPECT_EQ(all.temperature, 1.0);
  EXPECT_EQ(all.base, "item_knn");
  EXPECT_EQ(all.without_ads(), "onboard:gain:5:epsilon=0.2:softmax:item_knn");
  EXPECT_EQ(policy_named("ads:price:bandit_thompson", "x").base, "bandit_thompson");
  EXPECT_EQ(policy_named("ads:price:bandit_ucb:encoder", "x").around("lora"), "ads:price:bandit_ucb:lora");
}

TEST(PolicyName, places_are_kept_for_exploration_and_for_new_items) {
  const PolicyName name = policy_named("epsilon=0.3:explore=0.2:fresh:encoder", "x");
  EXPECT_EQ(name.explore, 0.2);
  EXPECT_EQ(name.fresh, 0.1);
  EXPECT_EQ(name.epsilon, 0.3);
  EXPECT_FALSE(name.plain());
  EXPECT_EQ(name.around("lora"), "epsilon=0.3:explore=0.2:fresh:lora");
}

TEST(PolicyName, bandits_look_at_attributes_or_at_encoders) {
  const PolicyName own = policy_named("bandit_ucb", "x");
  EXPECT_TRUE(own.bandit());
  EXPECT_EQ(own.base, "bandit_ucb");
  EXPECT_FALSE(own.of_run());
  const PolicyName of_run = policy_named("explore:bandit_greedy:encoder", "x");
  EXPECT_EQ(of_run.bandit_rule, "bandit_greedy");
  EXPECT_EQ(of_run.base, "encoder");
  EXPECT_TRUE(of_run.of_run());
  EXPECT_EQ(of_run.around("lora"), "explore:bandit_greedy:lora");
  EXPECT_FALSE(policy_named("popularity", "x").bandit());
}

TEST(PolicyName, encoders_have_a_prior_when_asked) {
  const PolicyName name = policy_named("encoder_with_prior", "x");
  EXPECT_TRUE(name.with_prior());
  EXPECT_EQ(name.around("lora + item prior"), "lora + item prior");
  EXPECT_FALSE(policy_named("softmax:encoder", "x").with_prior());
}

TEST(PolicyName, files_have_paths) {
  const PolicyName name = policy_named("softmax=2:file:/a b/c:d.csv", "x");
  EXPECT_EQ(name.file(), "/a b/c:d.csv");
  EXPECT_EQ(name.temperature, 2.0);
  EXPECT_EQ(policy_named("popularity", "x").file(), "");
  EXPECT_THAT(parse_policy_name("file:").mistake, ::testing::HasSubstr("unknown policy"));
}

TEST(PolicyName, mistakes_say_what_to_write) {
  const std::pair<const char*, const char*> cases[] = {
      {"popularty", "unknown policy"},
      {"", "unknown policy"},
      {"softmax:popularty", "unknown policy"},
      {"encoder", "take part anyway"},
      {"epsilon:oracle", "knows latents"},
      {"softmax:random", "no scores"},
      {"explore=2:popularity", "explore=2 is no share"},
      {"explore=0:popularity", "no number above 0"},
      {"fresh=1.01:popularity", "fresh=1.01 is no share"},
      {"softmax:explore:popularity", "draws whole pages"},
      {"explore:random", "draws all places"},
      {"explore:softmax:popularity", "unknown policy"},
      {"fresh:explore:popularity", "stand right before a policy"},
      {"explore:explore:popularity", "stand right before a policy"},
      {"explore:oracle", "knows latents"},
      {"explore:bandit_thompson", "no closed form"},
      {"bandit_ucb:popularity", "use bandit_ucb, or bandit_ucb:encoder"},
      {"bandit_ucb:", "use bandit_ucb, or bandit_ucb:encoder"},
      {"bandit_best", "unknown policy"},
      {"softmax:bandit_ucb:encoder", "no scores"},
      {"epsilon:bandit_thompson:encoder", "no closed form"},
      {"onboard:gain:5:bandit_ucb:encoder", "bandit_ucb does not look at what users like"},
      {"softmax:informed_oracle", "no scores"},
      {"softmax:bandit_ucb", "no scores"},
      {"epsilon:bandit_thompson", "no closed form"},
      {"epsilon=1.5:popularity", "no share"},
      {"epsilon=0:popularity", "no number above 0"},
      {"epsilon=-1:popularity", "no number above 0"},
      {"epsilon=nan:popularity", "no number above 0"},
      {"softmax=inf:popularity", "no number above 0"},
      {"softmax=1x:popularity", "no number above 0"},
      {"epsilon=:popularity", "no number above 0"},
      {"epsilon:epsilon:popularity", "epsilon stands first, and once"},
      {"softmax:epsilon:popularity", "epsilon stands first, and once"},
      {"epsilon=0.1", "epsilon stands first, and once"},
      {"onboard:gain", "try onboard:gain:5:item_knn"},
      {"ads:optimal", "try ads:optimal:popularity"},
      {"ads:dear:popularity", "nobody places ads by 'dear'"},
      {"ads:optimal:popularty", "unknown policy"},
      {"ads:optimal:oracle", "who knows no latents"},
      {"ads:optimal:softmax:bandit_ucb", "no scores"},
      {"ads:optimal:epsilon:bandit_thompson", "no closed form"},
      {"ads:optimal:softmax:random", "no scores"},
      {"ads:optimal:explore:popularity", "leave out ads:, or explore: and fresh:"},
      {"ads:optimal:fresh:popularity", "leave out ads:, or explore: and fresh:"},
      {"epsilon:ads:optimal:popularity", "try ads:optimal:epsilon:popularity"},
      {"ads:price:ads:optimal:popularity", "ads stands once"},
      {"ads:optimal:onboard:gain:5:item_knn", "onboard stands first"},
      {"onboard:gain:5:ads:optimal:popularity", "popularity does not look at what users like"},
      {"onboard:gain:5", "try onboard:gain:5:item_knn"},
      {"onboard:guess:5:item_knn", "nobody named 'guess'"},
      {"onboard:gain:0:item_knn", "'0' is no number of questions"},
      {"onboard:gain:1001:item_knn", "use 1 to 1000"},
      {"onboard:gain:-1:item_knn", "'-1' is no number of questions"},
      {"onboard:gain:5x:item_knn", "'5x' is no number of questions"},
      {"onboard:gain:5:popularity", "popularity does not look at what users like"},
      {"onboard:gain:5:bandit_ucb", "does not look at what users like"},
      {"onboard:gain:5:oracle", "does not look at what users like"},
      {"epsilon:onboard:gain:5:item_knn", "onboard stands first"},
      {"onboard:gain:5:onboard:gain:5:item_knn", "onboard stands first"},
  };
  for (const auto& [text, words] : cases) {
    EXPECT_THAT(parse_policy_name(text).mistake, ::testing::HasSubstr(words)) << text;
    EXPECT_THROW(policy_named(text, "x"), ConfigError) << text;
  }
}

TEST(PolicyName, configurations_are_checked_by_the_same_rules) {
  SimulationOptions options;
  options.policies = {"random", "epsilon=0.2:popularity", "softmax:popularity", "popularity"};
  EXPECT_TRUE(options.validate().empty());
  options.policies = {"random", "epsilon=2:popularity"};
  ASSERT_EQ(options.validate().size(), 1u);
  EXPECT_EQ(options.validate()[0].key, "policies");
  options.policies = {"softmax:popularity", "softmax:popularity"};
  EXPECT_THAT(options.validate()[0].text, ::testing::HasSubstr("more than once"));
}

}  // namespace
}  // namespace coldframe
