#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

/// Every text that one keyboard error makes of this one, each once, in order of place: at every character of every word
/// (numbers are never edited) its QWERTY neighbours in its case, the swap with the next character, its loss (never the
/// only one of a word), and a neighbouring key hit as well (a character without one doubled). What TextNoise::typos
/// does to one word is always among them. Valid UTF-8 in and out; characters are graphemes.
std::vector<std::string> single_edits(std::string_view text);

}  // namespace coldframe
