#include "framework/reporting/table_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/reporting/report_parts.h"

namespace coldframe {
namespace {

TEST(TableText, aligns_columns_and_writes_intervals) {
  TableBuilder table("x", "Title", "a note");
  table.column("name", "name").column("users", "users").column("mean", "mean");
  table.row({{"name", "long name"}, {"users", 7}, {"mean", {{"value", 0.12345}, {"low", 0.1}, {"high", 0.2}}}});
  table.row({{"name", "b"}, {"mean", {{"value", 1.0}, {"low", nullptr}, {"high", nullptr}}}});
  EXPECT_EQ(table_text(table.take()),
            "Title\n"
            "  name       users  mean\n"
            "  long name  7      0.123 [0.100, 0.200]\n"
            "  b                 1.000\n"
            "  (a note)\n");
}

}  // namespace
}  // namespace coldframe
