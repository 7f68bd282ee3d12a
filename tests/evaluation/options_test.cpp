#include "framework/evaluation/options.h"

#include <gtest/gtest.h>

namespace coldframe {
namespace {

TEST(EvaluationOptions, defaults_are_the_protocol) {
  const EvaluationOptions options;
  EXPECT_TRUE(options.validate().empty());
  const NewcomerOptions newcomers = options.newcomers();
  const NewcomerOptions standard;
  EXPECT_EQ(newcomers.shots, standard.shots);
  EXPECT_EQ(newcomers.metrics, standard.metrics);
  EXPECT_EQ(options.rules().minimum_seeds, 5u);
  EXPECT_DOUBLE_EQ(options.bootstrap().level, 0.95);
  EXPECT_EQ(options.bootstrap().replicates, 2000u);
}

TEST(EvaluationOptions, names_every_problem_at_once) {
  EvaluationOptions options;
  options.shots = {0, 11, 11, -1};
  options.metrics = {"ndcg", "speed@10"};
  options.alpha = 0.0;
  std::vector<std::string> keys;
  for (const Problem& problem : options.validate()) keys.push_back(problem.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"shots", "shots", "shots", "shots", "metrics", "metrics", "alpha"}));
}

}  // namespace
}  // namespace coldframe
