#include "framework/core/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "framework/core/atomic_file.h"
#include "framework/core/error.h"
#include "tests/support/temporary_folder.h"

namespace coldframe {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::string error_of(std::string_view text) {
  try {
    parse_json(text, "x.json");
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(JsonTest, reads_back_what_it_wrote) {
  const testing::TemporaryFolder folder;
  const json value = {{"b", {1, 2.5, nullptr}}, {"a", "Ünïcode \"quoted\""}, {"big", 18446744073709551615u}};
  write_json(folder / "x.json", value);
  EXPECT_EQ(read_json(folder / "x.json"), value);
}

TEST(JsonTest, the_same_value_gives_the_same_bytes) {
  const testing::TemporaryFolder folder;
  write_json(folder / "x.json", json{{"b", 1}, {"a", 0.1}});
  EXPECT_EQ(read_file(folder / "x.json"), "{\n  \"a\": 0.1,\n  \"b\": 1\n}\n");
}

TEST(JsonTest, names_file_line_and_column_of_a_mistake) {
  EXPECT_THAT(error_of("{\n  \"a\": 1,\n  \"b\": }\n"), AllOf(HasSubstr("x.json"), HasSubstr("line 3 column 8")));
}

TEST(JsonTest, refuses_a_key_that_stands_twice_but_not_in_two_objects) {
  EXPECT_THAT(error_of(R"({"a": 1, "b": {"a": 2}, "a": 3})"), HasSubstr("key \"a\" stands twice"));
  EXPECT_EQ(error_of(R"([{"a": 1}, {"a": 2}])"), "no error");
}

TEST(JsonTest, refuses_empty_truncated_and_trailing_text) {
  for (const char* text : {"", "   ", "{\"a\": [1, 2", "{} x", "nul", "\xFF\xFE"}) {
    EXPECT_THAT(error_of(text), HasSubstr("x.json is not valid JSON")) << text;
  }
}

TEST(JsonTest, refuses_bottomless_nesting) {
  EXPECT_THAT(error_of(std::string(100000, '[')), HasSubstr("nested deeper"));
}

TEST(JsonTest, a_missing_file_is_an_io_error_that_names_it) {
  const testing::TemporaryFolder folder;
  try {
    read_json(folder / "none.json");
    FAIL();
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("none.json"), HasSubstr("No such file")));
  }
}

TEST(JsonTest, text_that_is_not_utf8_cannot_be_written_and_leaves_nothing) {
  const testing::TemporaryFolder folder;
  EXPECT_THROW(write_json(folder / "x.json", json("\xFF")), DataError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace coldframe
