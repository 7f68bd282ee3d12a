#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/core/philox.h"

namespace coldframe {

class Thesaurus;

/// What may happen to a written text. Noise changes what is written, never who somebody is: it acts on rendered text,
/// and true attributes, targets and groups stay as they are.
enum class TextNoise {
  typos,          // a keyboard error in a word: neighbouring key, swap, drop, insert
  casing,         // a word in capitals, or in small letters when it was
  synonyms,       // a word by its WordNet synonym
  out_of_domain,  // a word by one from fields that no profile speaks of
  chinese,        // a word in Chinese script; below severity 1 the scripts are mixed
  truncation,     // the end is cut off
};

/// "typos", "casing", ...; the order of the enumeration.
std::vector<std::string> text_noise_names();
/// Nothing for a name that is none.
std::optional<TextNoise> text_noise_of(std::string_view name);

/// Names one realisation: the same key gives the same noise anywhere.
struct NoiseKey {
  std::uint64_t seed = 1;
  UserKey user;
  std::uint32_t draw = 0;  // below 2^20
};

struct NoisyText {
  std::string text;
  std::vector<std::size_t> edits;  // ordinal numbers of the words that were edited; for truncation, characters cut off
};

/// Applies one kind of noise at a severity in [0, 1].
/// Words: word w is edited when its own uniform number, Philox (seed, text noise; user, draw, kind, w), lies below the
/// severity, so severity is the expected share of words, 0 is the identity, and what is edited at a lower severity is
/// edited in the same way at a higher one. Numbers are never edited, words that an edit cannot change (no synonym, no
/// case) stay.
/// Truncation: the last floor(severity * characters) graphemes go; it knows no chance.
/// Input and output are valid UTF-8. Thread-safe. Borrows the thesaurus, needed by synonyms alone.
class TextNoiser {
 public:
  explicit TextNoiser(const Thesaurus* thesaurus = nullptr) : thesaurus_(thesaurus) {}

  /// ConfigError for a severity outside [0, 1] and for synonyms without a thesaurus; DataError for text that is not
  /// UTF-8.
  NoisyText apply(TextNoise kind, double severity, std::string_view text, const NoiseKey& key) const;

 private:
  std::string edited(TextNoise kind, std::string_view word, const PhiloxBlock& draw) const;

  const Thesaurus* thesaurus_;
};

void require_severity(double severity);

}  // namespace coldframe
