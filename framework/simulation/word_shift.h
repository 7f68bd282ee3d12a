#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/philox.h"

namespace coldframe {

/// What may stand for a word, which is given in small letters; empty: nothing.
using SynonymSource = std::function<std::vector<std::string>(const std::string& word)>;

/// Of a CSV file with the columns word and synonym, any number of rows per word. DataError with file and line for rows
/// that are malformed, empty, or name a word as its own synonym; IoError for a file that cannot be read.
SynonymSource read_synonyms(const std::filesystem::path& path);

/// Other words for the same things: a share of the words that have synonyms gives way to one of them, each word to the
/// same one wherever and by whomever it is written. Draws are keyed by the word: what is replaced at a smaller share is
/// replaced alike at a larger one, and no text moves the words of another. Words are runs of letters (UAX 29) of at
/// least three characters; numbers, and words in capitals, stay. A replacement begins with a capital where the word
/// did. Thread-safety: const, when the source is.
class WordShift {
 public:
  static constexpr std::size_t k_shortest_word = 3;

  /// share: of the words with a synonym, 0 to 1.
  WordShift(SynonymSource synonyms, double share, std::uint64_t seed);

  /// The text in new words; `names` stay as they are wherever they stand.
  std::string rewritten(std::string_view text, std::span<const std::string> names = {}) const;
  /// What is written for a word now: the word itself when nothing takes its place.
  std::string replacement(std::string_view word) const;

 private:
  SynonymSource synonyms_;
  double share_;
  KeyedRandom random_;
};

/// What a shift makes of texts.
struct WordShiftSummary {
  std::map<std::string, std::string> replaced;  // in small letters
  std::size_t words = 0;                        // in all texts
  std::size_t changed = 0;                      // of them
};
WordShiftSummary summarise(const WordShift& shift, std::span<const std::string> texts);

}  // namespace coldframe
