#include "framework/core/provenance.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace coldframe {
namespace {

TEST(ProvenanceTest, every_field_is_filled) {
  const ManualClock clock;
  const nlohmann::json record = to_json(collect_provenance(clock, "abc123"));
  for (const auto& [key, value] : record.items()) {
    ASSERT_TRUE(value.is_string()) << key;
    EXPECT_NE(value, "") << key;
    EXPECT_NE(value, "unknown") << key;
  }
  EXPECT_EQ(record.at("revision"), "abc123");
  EXPECT_EQ(record.at("date"), "2023-11-14T22:13:20Z");
}

TEST(ProvenanceTest, outside_a_checkout_the_revision_is_unknown) {
  EXPECT_EQ(collect_provenance(ManualClock{}, "").revision, "unknown");
}

TEST(ProvenanceTest, the_build_id_is_that_of_the_program_and_stays_the_same) {
  const std::string first = collect_provenance(ManualClock{}, "").build_id;
  EXPECT_EQ(first.size(), 64u);
  EXPECT_EQ(first, collect_provenance(ManualClock{}, "").build_id);
}

}  // namespace
}  // namespace coldframe
