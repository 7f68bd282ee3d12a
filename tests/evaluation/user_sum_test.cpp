#include "framework/evaluation/user_sum.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "framework/core/error.h"

namespace coldframe {
namespace {

TEST(UserSum, order_and_grouping_change_nothing) {
  std::vector<double> terms;
  for (int i = 0; i < 1000; ++i) terms.push_back((i % 2 ? -1.0 : 1.0) * 1e6 / (3.0 + i));
  UserSum forward, backward, left, right;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    forward.add(terms[i]);
    backward.add(terms[terms.size() - 1 - i]);
    (i % 3 ? left : right).add(terms[i]);
  }
  left.merge(right);
  EXPECT_EQ(forward, backward);
  EXPECT_EQ(forward, left);
  EXPECT_EQ(UserSum::from_state(left.state()), left);
}

TEST(UserSum, holds_negative_and_tiny_terms) {
  UserSum sum;
  sum.add(-0.75);
  EXPECT_EQ(UserSum::from_state(sum.state()).value(), -0.75);
  sum.add(0x1p-64);
  sum.add(0.75);
  EXPECT_EQ(sum.value(), 0x1p-64);
}

TEST(UserSum, refuses_what_it_cannot_hold) {
  UserSum sum;
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e12}) {
    EXPECT_THROW(sum.add(bad), NumericError) << bad;
  }
  EXPECT_EQ(sum.value(), 0.0);
}

}  // namespace
}  // namespace coldframe
