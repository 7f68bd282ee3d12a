#include "framework/evaluation/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace coldframe {
namespace {

TEST(Perplexity, is_two_to_the_mean_surprise_at_each_position) {
  Perplexity perplexity;
  perplexity.add(std::vector<double>{0.5, 0.25});
  perplexity.add(std::vector<double>{0.125, 1.0});
  // Position 1: 2^((1 + 3) / 2) = 4; position 2: 2^((2 + 0) / 2) = 2.
  EXPECT_EQ(perplexity.by_position(), (std::vector<double>{4.0, 2.0}));
  EXPECT_EQ(perplexity.mean(), 3.0);
}

TEST(Perplexity, counts_the_pages_that_have_a_position_and_every_position_once) {
  Perplexity perplexity;
  perplexity.add(std::vector<double>{0.5, 0.25});
  perplexity.add(std::vector<double>{0.5});
  perplexity.add(std::vector<double>{0.5});
  EXPECT_EQ(perplexity.by_position(), (std::vector<double>{2.0, 4.0}));
  EXPECT_EQ(perplexity.mean(), 3.0);
}

TEST(Perplexity, a_certainty_that_failed_is_infinite_and_no_page_is_no_number) {
  Perplexity perplexity;
  EXPECT_TRUE(std::isnan(perplexity.mean()));
  EXPECT_TRUE(perplexity.by_position().empty());
  perplexity.add(std::vector<double>{0.0});
  EXPECT_TRUE(std::isinf(perplexity.mean()));
}

}  // namespace
}  // namespace coldframe
