#include "framework/evaluation/off_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "framework/core/error.h"
#include "goldens.h"

namespace coldframe {
namespace {

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();

/// Single-item pages of users 0, 1, 2, ...: propensities and rewards.
LoggedPages single_items(const std::vector<double>& logging, const std::vector<double>& evaluation,
                         const std::vector<double>& reward) {
  LoggedPages log;
  for (std::size_t n = 0; n < reward.size(); ++n) {
    log.user.emplace_back(n);
    log.end.push_back(n + 1);
    log.log_logging.push_back(std::log(logging[n]));
    log.log_evaluation.push_back(std::log(evaluation[n]));
  }
  log.reward = reward;
  return log;
}

std::map<OffPolicyEstimator, OffPolicyEstimate> estimates(const LoggedPages& log, const OffPolicyRules& rules = {}) {
  std::map<OffPolicyEstimator, OffPolicyEstimate> by_name;
  for (const OffPolicyEstimate& estimate : estimate_off_policy(log, rules)) by_name[estimate.estimator] = estimate;
  return by_name;
}

TEST(OffPolicy, single_items_by_hand) {
  // Weights 2, 0.5, 0, 4; rewards 1, 1, 1, 0; q(shown) = .5, q(pi_e) = .6.
  LoggedPages log = single_items({0.25, 0.5, 0.5, 0.2}, {0.5, 0.25, 0, 0.8}, {1, 1, 1, 0});
  log.model_shown.assign(4, 0.5);
  log.model_policy.assign(4, 0.6);
  const auto e = estimates(log, {.cap = 1.0});
  EXPECT_NEAR(e.at(OffPolicyEstimator::ips).value, 2.5 / 4, 1e-15);
  EXPECT_NEAR(e.at(OffPolicyEstimator::capped_ips).value, 1.5 / 4, 1e-15);
  EXPECT_NEAR(e.at(OffPolicyEstimator::snips).value, 2.5 / 6.5, 1e-15);
  EXPECT_NEAR(e.at(OffPolicyEstimator::direct).value, 0.6, 1e-15);
  EXPECT_NEAR(e.at(OffPolicyEstimator::doubly_robust).value, 0.6 + (1.0 + 0.25 + 0 - 2.0) / 4, 1e-15);
  // One item per page: the ratio of the prefix is that of the page.
  EXPECT_EQ(e.at(OffPolicyEstimator::rips).value, e.at(OffPolicyEstimator::ips).value);
  EXPECT_FALSE(e.contains(OffPolicyEstimator::iips)) << "without marginals";
  // Terms 2, .5, 0, 0 about .625: squares 1.8906 + .0156 + 2 * .3906 = 2.6875; se = sqrt(2.6875 / 3 / 4).
  EXPECT_NEAR(e.at(OffPolicyEstimator::ips).standard_error, std::sqrt(2.6875 / 12), 1e-12);
  EXPECT_NEAR(e.at(OffPolicyEstimator::ips).weights.effective_sample, 6.5 * 6.5 / 20.25, 1e-12);
  EXPECT_EQ(e.at(OffPolicyEstimator::ips).weights.largest, 4.0);
  // Student's t with 3 degrees of freedom: 3.182446.
  EXPECT_NEAR(e.at(OffPolicyEstimator::ips).interval.high, 0.625 + 3.182446 * std::sqrt(2.6875 / 12), 1e-6);
}

TEST(OffPolicy, users_are_the_unit_not_pages) {
  // Every page ten times: the same user ten times is one observation, ten users are ten.
  LoggedPages once = single_items({0.25, 0.5, 0.5, 0.2}, {0.5, 0.25, 0, 0.8}, {1, 1, 1, 0});
  LoggedPages again;
  for (int copy = 0; copy < 10; ++copy) {
    for (std::size_t n = 0; n < 4; ++n) {
      again.user.push_back(once.user[n]);
      again.end.push_back(again.end.size() + 1);
      again.reward.push_back(once.reward[n]);
      again.log_logging.push_back(once.log_logging[n]);
      again.log_evaluation.push_back(once.log_evaluation[n]);
    }
  }
  const auto one = estimates(once), ten = estimates(again);
  for (const auto& [name, estimate] : one) {
    EXPECT_NEAR(ten.at(name).value, estimate.value, 1e-12);
    EXPECT_NEAR(ten.at(name).standard_error, estimate.standard_error, 1e-12) << to_string(name);
  }
}

/// Made by tests/golden/make_off_policy_goldens.py with the estimators of obp 0.5.7.
TEST(OffPolicy, slates_agree_with_obp) {
  const nlohmann::json g = testing::golden("off_policy");
  LoggedPages log;
  const auto slates = g.at("pages").get<std::size_t>(), length = g.at("length").get<std::size_t>();
  for (std::size_t n = 0; n < slates; ++n) {
    log.user.emplace_back(n);
    log.end.push_back((n + 1) * length);
  }
  log.reward = g.at("reward").get<std::vector<double>>();
  const auto logs = [&](const char* column) {
    auto values = g.at(column).get<std::vector<double>>();
    for (double& value : values) value = std::log(value);
    return values;
  };
  log.log_logging = logs("logging");
  log.log_evaluation = logs("evaluation");
  log.log_logging_marginal = logs("logging_marginal");
  log.log_evaluation_marginal = logs("evaluation_marginal");
  log.model_shown = g.at("model_shown").get<std::vector<double>>();
  log.model_policy = g.at("model_policy").get<std::vector<double>>();
  const auto e = estimates(log, {.cap = g.at("cap")});
  const nlohmann::json& expected = g.at("expected");
  EXPECT_EQ(e.size(), expected.size());
  for (const auto& [name, estimate] : e) {
    EXPECT_NEAR(estimate.value, expected.at(std::string(to_string(name))).get<double>(), 1e-10) << to_string(name);
  }
}

TEST(OffPolicy, a_policy_evaluated_on_its_own_log_is_the_mean_of_the_log) {
  LoggedPages log =
      single_items(std::vector<double>(600, 0.3), std::vector<double>(600, 0.3), std::vector<double>(600, 0));
  for (std::size_t n = 0; n < 600; n += 3) log.reward[n] = 1;
  for (const auto& [name, estimate] : estimates(log)) {
    EXPECT_NEAR(estimate.value, 1.0 / 3, 1e-12) << to_string(name);
    EXPECT_TRUE(estimate.usable()) << estimate.refusal;
  }
}

TEST(OffPolicy, refuses_weights_that_tell_nothing) {
  const std::size_t n = 2000;
  std::vector<double> reward(n, 1), logging(n, 0.5), evaluation(n, 0.5);
  const auto refusal = [&](OffPolicyEstimator name) {
    return estimates(single_items(logging, evaluation, reward)).at(name).refusal;
  };
  EXPECT_EQ(refusal(OffPolicyEstimator::ips), "");
  // One weight of 25 among ones: the mean is still 1 within its interval.
  logging[7] = 0.02;
  EXPECT_NE(refusal(OffPolicyEstimator::ips).find("largest weight 25 above 20"), std::string::npos);
  EXPECT_NE(refusal(OffPolicyEstimator::rips), "");
  EXPECT_EQ(refusal(OffPolicyEstimator::capped_ips), "") << "its weights end at the cap";
  logging[7] = 0.5;
  // Weights 10 for a tenth of the pages, 0 for the others: an effective sample of 200.
  for (std::size_t k = 0; k < n; ++k) {
    logging[k] = 0.1;
    evaluation[k] = k % 10 == 0 ? 1.0 : 0.0;
  }
  EXPECT_NE(refusal(OffPolicyEstimator::snips).find("effective sample 200 below 500"), std::string::npos);
  // Propensities that are not those the pages were drawn with.
  std::fill(logging.begin(), logging.end(), 0.5);
  std::fill(evaluation.begin(), evaluation.end(), 0.4);
  evaluation[0] = 0.41;
  EXPECT_NE(refusal(OffPolicyEstimator::ips).find("not 1"), std::string::npos);
}

TEST(OffPolicy, refuses_logs_without_chance) {
  const std::vector<double> ones(10, 1.0), half(10, 0.5);
  EXPECT_THROW(estimate_off_policy(single_items(ones, half, ones)), DataError);  // deterministic
  LoggedPages log = single_items(half, half, ones);
  log.log_logging[3] = k_nan;
  EXPECT_THROW(estimate_off_policy(log), DataError);
  log.log_logging[3] = -std::numeric_limits<double>::infinity();
  EXPECT_THROW(estimate_off_policy(log), DataError);
  EXPECT_THROW(estimate_off_policy(single_items({0.5}, {0.5}, {1})), DataError);  // one user
  EXPECT_THROW(estimate_off_policy(LoggedPages{}), DataError);
  log = single_items(half, half, ones);
  log.end[9] = 9;
  EXPECT_THROW(estimate_off_policy(log), DataError);
  log = single_items(half, half, ones);
  log.model_shown = {1.0};
  EXPECT_THROW(estimate_off_policy(log), DataError);
}

TEST(OffPolicy, marginals_unknown_anywhere_leave_iips_out) {
  LoggedPages log = single_items({0.5, 0.5}, {0.5, 0.25}, {1, 0});
  log.log_logging_marginal = log.log_logging;
  log.log_evaluation_marginal = log.log_evaluation;
  EXPECT_TRUE(estimates(log).contains(OffPolicyEstimator::iips));
  log.log_logging_marginal[1] = k_nan;
  EXPECT_FALSE(estimates(log).contains(OffPolicyEstimator::iips));
}

}  // namespace
}  // namespace coldframe
