#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Double quotes in configuration values. A quote opens only where a word may begin; inside, \" \\ \n \t are escapes.
namespace coldframe::detail {

std::string_view trim(std::string_view text);

/// Position after the closing quote of the quoted word that begins at `at`; npos when it never closes.
std::size_t skip_quoted(std::string_view text, std::size_t at);

/// The part of a line before a comment: `#` at the start or after a space, outside of quotes.
std::string_view strip_comment(std::string_view text);

/// `"a b"` -> `a b`; other text as it stands. Nothing when it begins with a quote that does not close at its end.
std::optional<std::string> unquote(std::string_view text);

/// Words separated by commas or spaces, unquoted. Nothing for a broken quote or nothing between two commas.
std::optional<std::vector<std::string>> split_list(std::string_view text);

std::string quote(std::string_view text);

}  // namespace coldframe::detail
