#include "framework/model/site_numbers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/core/error.h"
#include "tests/model/scratch_folder.h"

namespace coldframe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> k_names = {"layer.0.attention.query", "layer.0.attention.value",
                                          "layer.1.attention.query"};

TEST(SiteNumbersTest, the_first_entry_that_matches_counts) {
  EXPECT_THAT(numbers_of_sites({"layer.1.*:2", "query:16"}, k_names, 8, "key"), ElementsAre(16, 8, 2));
  EXPECT_THAT(numbers_of_sites({"query:16", "layer.1.*:2", "value:0.5"}, k_names, 8, "key"), ElementsAre(16, 0.5, 16));
  EXPECT_THAT(numbers_of_sites({}, k_names, 8, "key"), ElementsAre(8, 8, 8));
}

TEST(SiteNumbersTest, entries_that_are_none_or_match_nothing_are_refused) {
  for (const char* entry : {"query", "query:", ":4", "query:4x", "query:nan", "query:1e999"}) {
    EXPECT_THAT(test::message_of<ConfigError>([&] { numbers_of_sites({entry}, k_names, 8, "key"); }),
                HasSubstr(std::string("key = ") + entry));
  }
  EXPECT_THAT(test::message_of<ConfigError>([&] { numbers_of_sites({"attention.qeury:4"}, k_names, 8, "key"); }),
              HasSubstr("did you mean attention.query?"));
}

}  // namespace
}  // namespace coldframe
