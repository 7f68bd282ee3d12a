#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coldframe {

/// What goes wrong on a keyboard.
enum class TypingError {
  neighbour,  // a letter is replaced by its neighbour on a QWERTY keyboard, in the case it had
  swap,       // two neighbouring characters change places
  drop,       // a character is missing; never the only one
  insert,     // a neighbouring key is hit as well; a character without one is doubled
};

/// The word with one error, at a character (grapheme) chosen by `place`. An error that would change nothing (the same
/// letter swapped, a neighbour of a character that has none) becomes an `insert`, so the word always changes. Empty
/// words stay.
std::string mistyped(std::string_view word, TypingError error, std::uint32_t place, std::uint32_t key);

/// Keys beside a small letter on a QWERTY keyboard; empty for anything else.
std::string_view qwerty_neighbours(char letter);

}  // namespace coldframe
