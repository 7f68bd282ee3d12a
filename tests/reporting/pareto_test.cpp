#include "framework/reporting/pareto.h"

#include <gtest/gtest.h>

namespace coldframe {
namespace {

TEST(Pareto, a_point_falls_to_what_is_no_worse_in_anything_and_better_in_something) {
  const ParetoPoint point{0.5, {10, 3}};
  EXPECT_FALSE(dominates(point, point)) << "equals stand side by side";
  EXPECT_TRUE(dominates({0.5, {10, 2}}, point));
  EXPECT_TRUE(dominates({0.6, {10, 3}}, point));
  EXPECT_FALSE(dominates({0.6, {11, 3}}, point)) << "dearer";
  EXPECT_FALSE(dominates({0.4, {1, 1}}, point)) << "worse";
}

// By the first cost alone: 0 and 2 stand, 1 is as dear as 2 and worse, 3 falls to 0 and to 2, of which 2 is better.
TEST(Pareto, names_the_best_of_those_that_dominate) {
  const std::vector<ParetoPoint> points = {{0.3, {1}}, {0.4, {5}}, {0.5, {5}}, {0.2, {9}}};
  EXPECT_EQ(dominators(points), (std::vector<std::size_t>{0, 2, 2, 2}));
  EXPECT_TRUE(dominators({}).empty());
}

}  // namespace
}  // namespace coldframe
