#include "framework/evaluation/share_recovery.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using Shares = std::array<std::optional<double>, 5>;
constexpr std::nullopt_t none = std::nullopt;
constexpr std::array<double, 5> k_steps = {100, 110, 120, 130, 140};

TEST(ShareRecovery, counts_what_was_learned_from_the_change_on) {
  // Before: mean of .4 and .6. .2 and .45 are below .475, the last one is above.
  const auto recovery = share_recovery(Shares{0.9, 0.4, 0.6, 0.45, 0.48}, k_steps, 3);
  ASSERT_TRUE(recovery.has_value());
  EXPECT_DOUBLE_EQ(recovery->before, 0.5);
  EXPECT_DOUBLE_EQ(*recovery->user_steps, 130.0);
  EXPECT_DOUBLE_EQ(recovery->watched, 270.0);
}

TEST(ShareRecovery, nothing_was_lost_or_not_yet_regained) {
  EXPECT_DOUBLE_EQ(*share_recovery(Shares{none, 0.4, 0.5, 0.1, 0.1}, k_steps, 2)->user_steps, 0.0);
  const auto censored = share_recovery(Shares{none, 0.4, 0.1, none, 0.37}, k_steps, 2);
  EXPECT_FALSE(censored->user_steps.has_value());
  EXPECT_DOUBLE_EQ(censored->watched, 390.0);
}

TEST(ShareRecovery, needs_a_share_before) {
  EXPECT_FALSE(share_recovery(Shares{0.5, 0.4, 0.1, 0.1, 0.1}, k_steps, 1).has_value());
  EXPECT_FALSE(share_recovery(Shares{0.5, none, 0.1, 0.1, 0.1}, k_steps, 2).has_value());
  EXPECT_FALSE(share_recovery(Shares{0.5, -0.2, 0.1, 0.1, 0.1}, k_steps, 2).has_value());
  for (const double part : {0.0, 1.5, std::nan("")}) {
    EXPECT_THROW(share_recovery(Shares{}, k_steps, 2, part), ConfigError);
  }
}

}  // namespace
}  // namespace coldframe
