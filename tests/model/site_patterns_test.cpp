#include "framework/model/site_patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"

namespace coldframe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> k_names = {"layer.0.attention.query", "layer.0.attention.output",
                                          "layer.1.attention.query", "layer.1.feed_forward.output",
                                          "layer.11.attention.query"};

TEST(SitePatternsTest, stars_and_left_out_leading_parts) {
  EXPECT_TRUE(matches_site("layer.0.attention.query", "layer.0.attention.query"));
  EXPECT_TRUE(matches_site("query", "layer.0.attention.query"));
  EXPECT_TRUE(matches_site("attention.query", "layer.0.attention.query"));
  EXPECT_TRUE(matches_site("layer.*.query", "layer.0.attention.query"));
  EXPECT_TRUE(matches_site("*", "layer.0.attention.query"));
  EXPECT_FALSE(matches_site("uery", "layer.0.attention.query"));
  EXPECT_FALSE(matches_site("layer.1.*", "layer.11.attention.query"));
  EXPECT_FALSE(matches_site("", "layer.0.attention.query"));
  EXPECT_FALSE(matches_site("a*a*a*a*a*a*a*a*b", std::string(200, 'a')));
}

TEST(SitePatternsTest, selects_in_order_without_repeats) {
  EXPECT_THAT(select_sites({"layer.1.*", "output"}, k_names, "strategy.lora.targets"), ElementsAre(1, 2, 3));
}

TEST(SitePatternsTest, a_pattern_without_a_match_names_the_nearest) {
  try {
    select_sites({"attention.querry"}, k_names, "strategy.lora.targets");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("strategy.lora.targets = attention.querry"));
    EXPECT_THAT(error.what(), HasSubstr("did you mean attention.query?"));
  }
  try {
    select_sites({"convolution"}, k_names, "strategy.lora.targets");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("known: attention.query, query, attention.output"));
  }
}

TEST(SitePatternsTest, an_empty_list_is_an_error) {
  EXPECT_THROW(select_sites({}, k_names, "strategy.lora.targets"), ConfigError);
}

}  // namespace
}  // namespace coldframe
