#include "framework/simulation/profile_noise.h"

#include <utility>

namespace coldframe {
namespace {

constexpr std::size_t k_shortest_word = 3;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::vector<std::size_t> misspelling_places(std::string_view text) {
  std::vector<std::size_t> inside;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (end - at >= k_shortest_word) {
      for (std::size_t letter = at; letter + 1 < end; ++letter) inside.push_back(letter);
    }
    at = end + 1;
  }
  return inside;
}

std::string misspelt_at(std::string_view text, std::size_t place, std::uint32_t edit) {
  std::string edited(text);
  if (edit == 0) std::swap(edited[place], edited[place + 1]);
  if (edit == 1) edited.erase(place, 1);
  if (edit == 2) edited.insert(place, 1, edited[place]);
  return edited;
}

std::string misspelt(std::string_view text, std::uint32_t kind, std::uint32_t place) {
  const std::vector<std::size_t> places = misspelling_places(text);
  if (places.empty()) return std::string(text);
  return misspelt_at(text, places[uniform_below(place, static_cast<std::uint32_t>(places.size()))],
                     uniform_below(kind, k_misspelling_edits));
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
