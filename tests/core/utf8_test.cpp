#include "framework/core/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace coldframe {
namespace {

using namespace std::string_view_literals;

TEST(Utf8Test, accepts_the_ends_of_every_length) {
  for (const std::string_view text :
       {""sv, "\0"sv, "\x7F"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv,
        "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv}) {
    EXPECT_EQ(find_invalid_utf8(text), std::nullopt) << text;
  }
}

TEST(Utf8Test, names_the_byte_that_breaks_it) {
  // overlong, surrogate, above U+10FFFF, lone continuation, cut off, never a lead byte
  for (const std::string_view bad :
       {"\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv,
        "\x80"sv, "\xE2\x82"sv, "\xC3"sv, "\xF8\x88\x80\x80\x80"sv, "\xFF"sv}) {
    EXPECT_EQ(find_invalid_utf8("aé" + std::string(bad)), 3u) << bad;
  }
}

TEST(Utf8Test, latin1_text_is_found) { EXPECT_EQ(find_invalid_utf8("Mis\xE9rables"), 3u); }

}  // namespace
}  // namespace coldframe
