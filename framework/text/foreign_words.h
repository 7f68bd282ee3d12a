#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coldframe {

/// A word in Chinese script: translated where it is one that profiles and film titles often hold (man, student,
/// comedy), otherwise spelt letter by letter with the usual Chinese names of the letters. Numbers and words of other
/// scripts stay.
std::string in_chinese(std::string_view word);

/// One of 48 words from fields that no profile speaks of (shipping, law, chemistry), by a random word.
std::string_view out_of_domain_word(std::uint32_t draw);

}  // namespace coldframe
