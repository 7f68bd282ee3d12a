#pragma once

#include <string>
#include <string_view>

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

}  // namespace coldframe
