#include "framework/core/nearest.h"

#include <gtest/gtest.h>

#include <vector>

namespace coldframe {
namespace {

const std::vector<std::string> k_names = {"learning_rate", "beta1", "beta2", "epsilon", "weight_decay"};

TEST(NearestNameTest, finds_the_name_that_was_meant) {
  EXPECT_EQ(nearest_name("learning_rte", k_names), "learning_rate");
  EXPECT_EQ(nearest_name("Learning_Rate", k_names), "learning_rate");
  EXPECT_EQ(nearest_name("learnign_rate", k_names), "learning_rate");
  EXPECT_EQ(nearest_name("weightdecay", k_names), "weight_decay");
}

TEST(NearestNameTest, ties_go_to_the_first) { EXPECT_EQ(nearest_name("beta", k_names), "beta1"); }

TEST(NearestNameTest, is_silent_when_nothing_is_near) {
  EXPECT_EQ(nearest_name("momentum", k_names), "");
  EXPECT_EQ(nearest_name("", k_names), "");
  EXPECT_EQ(nearest_name(std::string(100000, 'x'), k_names), "");
}

TEST(NearestNameTest, suggests_all_names_when_none_is_near) {
  EXPECT_EQ(suggest_name("betta1", k_names), "did you mean beta1?");
  EXPECT_EQ(suggest_name("momentum", k_names), "known: learning_rate, beta1, beta2, epsilon, weight_decay");
  EXPECT_EQ(suggest_name("momentum", {}), "");
}

}  // namespace
}  // namespace coldframe
