#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/philox.h"
#include "framework/simulation/observables.h"

namespace coldframe {

/// How badly newcomers fill in their profiles. Noise changes what is written, never who they are: true levels, and with
/// them tastes, stay.
struct ProfileNoise {
  double missing_share = 0;  // of values that are left out
  double typo_share = 0;     // of words that get one wrong letter
};

/// Blanks and misspells the written values of a profile by keyed draws named by `row`. A word needs three ASCII letters
/// to be misspelt; numbers and codes are left as they are.
void add_profile_noise(const ProfileNoise& noise, const KeyedRandom& random, UserKey row, Attributes& attributes);

/// One edit: two neighbouring letters swapped, a letter dropped, or a letter doubled, by two random words. The text
/// itself when it has fewer than three ASCII letters in a row.
std::string misspelt(std::string_view text, std::uint32_t kind, std::uint32_t place);

/// Where misspelt() may edit: bytes of ASCII letters that another letter of the same word follows.
std::vector<std::size_t> misspelling_places(std::string_view text);
/// Edit 0, 1 or 2 of those above, in that order, at one of the places.
std::string misspelt_at(std::string_view text, std::size_t place, std::uint32_t edit);
inline constexpr std::uint32_t k_misspelling_edits = 3;

}  // namespace coldframe
