#include "framework/text/typing_error.h"

#include <array>
#include <vector>

#include "framework/core/philox.h"
#include "framework/text/text_spans.h"

namespace coldframe {
namespace {

constexpr std::array<std::string_view, 26> k_neighbours = {
    "qwsz", "vghn", "xdfv", "erfcxs", "wsdr", "rtgvcd", "tyhbvf", "yujnbg", "ujko", "uikmnh", "iolmj", "opk",  "njk",
    "bhjm", "iklp", "ol",   "wa",     "edft", "wedxza", "rfgy",   "yhji",   "cfgb", "qase",   "zsdc",  "tghu", "asx"};

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// A key beside that of the character, in its case; the character itself when its key is not known.
std::string beside(std::string_view character, std::uint32_t key) {
  if (character.size() != 1 || !is_ascii_letter(character[0])) return std::string(character);
  const std::string_view keys = qwerty_neighbours(lower(character[0]));
  const char hit = keys[uniform_below(key, static_cast<std::uint32_t>(keys.size()))];
  return {character[0] == lower(character[0]) ? hit : static_cast<char>(hit - 'a' + 'A')};
}

}  // namespace

std::string_view qwerty_neighbours(char letter) {
  return letter >= 'a' && letter <= 'z' ? k_neighbours[static_cast<std::size_t>(letter - 'a')] : std::string_view();
}

std::string mistyped(std::string_view word, TypingError error, std::uint32_t place, std::uint32_t key) {
  const std::vector<std::size_t> bounds = grapheme_bounds(word);
  const std::size_t characters = bounds.size() - 1;
  if (characters == 0) return std::string(word);
  const auto character = [&](std::size_t c) { return word.substr(bounds[c], bounds[c + 1] - bounds[c]); };
  std::size_t at = uniform_below(place, static_cast<std::uint32_t>(characters));
  const auto replaced = [&](std::size_t count, const std::string& by) {
    return std::string(word.substr(0, bounds[at])) + by + std::string(word.substr(bounds[at + count]));
  };
  const std::string hit = beside(character(at), key);
  if (error == TypingError::neighbour && hit != character(at)) return replaced(1, hit);
  if (error == TypingError::drop && characters > 1) return replaced(1, "");
  if (error == TypingError::swap && characters > 1) {
    at = uniform_below(place, static_cast<std::uint32_t>(characters - 1));
    if (character(at) != character(at + 1)) {
      return replaced(2, std::string(character(at + 1)) + std::string(character(at)));
    }
  }
  return replaced(1, std::string(character(at)) + beside(character(at), key));
}

}  // namespace coldframe
