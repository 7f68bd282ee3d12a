#include "framework/simulation/profile_noise.h"

#include <utility>
#include <vector>

namespace coldframe {
namespace {

constexpr std::size_t k_shortest_word = 3;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string misspelt(std::string_view text, std::uint32_t kind, std::uint32_t place) {
  std::vector<std::size_t> inside;  // letters followed by a letter of the same word
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (end - at >= k_shortest_word) {
      for (std::size_t letter = at; letter + 1 < end; ++letter) inside.push_back(letter);
    }
    at = end + 1;
  }
  std::string edited(text);
  if (inside.empty()) return edited;
  const std::size_t at = inside[uniform_below(place, static_cast<std::uint32_t>(inside.size()))];
  const std::uint32_t edit = uniform_below(kind, 3);
  if (edit == 0) std::swap(edited[at], edited[at + 1]);
  if (edit == 1) edited.erase(at, 1);
  if (edit == 2) edited.insert(at, 1, edited[at]);
  return edited;
}

void add_profile_noise(const ProfileNoise& noise, const KeyedRandom& random, UserKey row, Attributes& attributes) {
  for (std::size_t f = 0; f < attributes.values.size(); ++f) {
    const PhiloxBlock words = random.block(row, 0, 0, static_cast<std::uint32_t>(f));
    std::string& value = attributes.values[f];
    if (uniform_double(words[0]) < noise.missing_share) {
      value.clear();
    } else if (uniform_double(words[1]) < noise.typo_share) {
      value = misspelt(value, words[2], words[3]);
    }
  }
}

}  // namespace coldframe
