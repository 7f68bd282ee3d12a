#include "framework/data/cell_values.h"

#include <gtest/gtest.h>

namespace coldframe {
namespace {

TEST(CellValues, numbers_fill_the_whole_text) {
  EXPECT_EQ(parse_number("4"), 4.0);
  EXPECT_EQ(parse_number(" -0.5 "), -0.5);
  EXPECT_EQ(parse_number("+1e3"), 1000.0);
  for (const char* text : {"", " ", "4x", "1,5", "0x10", "nan", "inf", "1e999", "+-1", "--1", "4 5"}) {
    EXPECT_FALSE(parse_number(text).has_value()) << text;
  }
}

TEST(CellValues, times_are_read_in_the_stated_unit_and_rounded_down) {
  EXPECT_EQ(parse_time("881250949", TimeUnit::seconds), 881250949);
  EXPECT_EQ(parse_time("881250949.9", TimeUnit::seconds), 881250949);
  EXPECT_EQ(parse_time("1529193600999", TimeUnit::milliseconds), 1529193600);
  EXPECT_EQ(parse_time("-1", TimeUnit::milliseconds), -1);
  EXPECT_EQ(parse_time("-1001", TimeUnit::milliseconds), -2);
  EXPECT_EQ(parse_time("-1000", TimeUnit::milliseconds), -1);
  EXPECT_EQ(parse_time("1529193600000001", TimeUnit::microseconds), 1529193600);
}

TEST(CellValues, milliseconds_taken_for_seconds_are_out_of_range) {
  EXPECT_FALSE(parse_time("1529193600000", TimeUnit::seconds).has_value());
  EXPECT_FALSE(parse_time("1e300", TimeUnit::seconds).has_value());
  EXPECT_FALSE(parse_time("99999999999999999999", TimeUnit::microseconds).has_value());
  for (const char* text : {"", "now", "2020-01-01", "12 34"}) {
    EXPECT_FALSE(parse_time(text, TimeUnit::seconds).has_value()) << text;
  }
}

TEST(CellValues, iso_8601_with_and_without_zones) {
  // 1997-12-04T15:55:49Z = 881250949.
  EXPECT_EQ(parse_time("1997-12-04T15:55:49Z", TimeUnit::iso8601), 881250949);
  EXPECT_EQ(parse_time("1997-12-04 15:55:49", TimeUnit::iso8601), 881250949);
  EXPECT_EQ(parse_time("1997-12-04T16:55:49.75+01:00", TimeUnit::iso8601), 881250949);
  EXPECT_EQ(parse_time("1997-12-04T10:25:49-0530", TimeUnit::iso8601), 881250949);
  EXPECT_EQ(parse_time("1970-01-01", TimeUnit::iso8601), 0);
  EXPECT_EQ(parse_time("1969-12-31T23:59", TimeUnit::iso8601), -60);
  EXPECT_EQ(parse_time("2024-02-29", TimeUnit::iso8601), 1709164800);
  for (const char* text : {"2023-02-29", "1997-13-01", "1997-1-1", "97-01-01", "1997-12-04T24:00", "1997-12-04T1:00",
                           "1997-12-04X10:00", "1997-12-04T10:00:00+", "1997-12-04T10:00Zx", "881250949", ""}) {
    EXPECT_FALSE(parse_time(text, TimeUnit::iso8601).has_value()) << text;
  }
}

TEST(CellValues, the_year_behind_a_title_is_split_off) {
  EXPECT_EQ(split_title_and_year("Toy Story (1995)").title, "Toy Story");
  EXPECT_EQ(split_title_and_year("Toy Story (1995)").year, "1995");
  EXPECT_EQ(split_title_and_year("City of Lost Children, The (Cité, La) (1995) ").title,
            "City of Lost Children, The (Cité, La)");
  for (const char* text : {"unknown", "1984", "Movie (199)", "Movie (19x5)", "(199)"}) {
    EXPECT_EQ(split_title_and_year(text).title, text);
    EXPECT_EQ(split_title_and_year(text).year, "");
  }
}

TEST(CellValues, lists_lose_empty_pieces_and_spaces) {
  EXPECT_EQ(split_values("a| b ||c|", "|"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(split_values("a::b", "::"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(split_values("", "|").empty());
  EXPECT_TRUE(split_values(" | ", "|").empty());
}

TEST(CellValues, character_references_become_characters) {
  EXPECT_EQ(unescape_html("Tom &amp; Jerry&#39;s &lt;b&gt; &eacute;&#x1F600; &#8217;"), "Tom & Jerry's <b> é😀 ’");
  EXPECT_EQ(unescape_html("&amp;lt;"), "&lt;");
  for (const char* text :
       {"AT&T; a", "&", "&;", "&#;", "&#x;", "&#xD800;", "&#0;", "&#1114112;", "&nosuch;", "a & b; c"}) {
    EXPECT_EQ(unescape_html(text), text);
  }
}

TEST(CellValues, tags_go_and_what_only_looks_like_one_stays) {
  EXPECT_EQ(strip_html("<p>One<br/>two</p> <!-- a > b -->three"), "One two three");
  EXPECT_EQ(strip_html("a < b &amp; 1 <3 <b unclosed"), "a < b & 1 <3 <b unclosed");
  EXPECT_EQ(strip_html("  \n x \t y  "), "x y");
  EXPECT_EQ(strip_html("<!DOCTYPE html><b></b>"), "");
}

}  // namespace
}  // namespace coldframe
