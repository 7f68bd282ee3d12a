#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

/// Separates the values of a cell that held a list (a JSON array) until it is known what the column is.
inline constexpr char k_list_separator = '\x1F';

/// A finite decimal number that fills the whole text (spaces around it allowed); no locale, no hexadecimal.
std::optional<double> parse_number(std::string_view text);

/// What the numbers in a time column mean; stated in the mapping, never guessed.
enum class TimeUnit { seconds, milliseconds, microseconds, iso8601 };

/// "seconds", "milliseconds", "microseconds" or "iso8601".
TimeUnit time_unit_named(std::string_view name);

/// Unix seconds, fractions rounded down; nothing when unreadable or outside the years 1 to 9999 (milliseconds read as
/// seconds end up there). ISO 8601: YYYY-MM-DD[(T| )HH:MM[:SS[.fraction]][Z|(+|-)HH[:]MM]], UTC when no zone is given.
std::optional<std::int64_t> parse_time(std::string_view text, TimeUnit unit);

/// A title with its year at the end, "Toy Story (1995)": the two parts. No year: everything is title.
struct TitleAndYear {
  std::string_view title;
  std::string_view year;
};
TitleAndYear split_title_and_year(std::string_view text);

/// The pieces between separators, empty ones left out.
std::vector<std::string> split_values(std::string_view text, std::string_view separator);

/// Character references (&amp; &#39; &#x27;) as the characters they stand for; unknown ones stay as they are.
std::string unescape_html(std::string_view text);
/// Tags and comments become spaces, references characters, runs of white space one space.
std::string strip_html(std::string_view text);

}  // namespace coldframe
