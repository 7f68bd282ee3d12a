#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace coldframe {

/// Synonyms of English words from a WordNet 3.0 database (Fellbaum 1998; Debian package wordnet-base): the other
/// single words of the most frequent sense that has any, asked in the order noun, verb, adjective, adverb. Words are
/// looked up as they stand, in small letters: nothing is inflected. Thread-safe once made.
class Thesaurus {
 public:
  /// $COLDFRAME_WORDNET, else where Debian puts it.
  static std::filesystem::path default_folder();
  /// Reads the index and data files of the four parts of speech (28 MB). IoError when one is missing.
  explicit Thesaurus(const std::filesystem::path& folder = default_folder());

  /// In the order of the database, in small letters; empty for a word without synonyms.
  std::vector<std::string> synonyms(std::string_view word) const;

 private:
  struct Part {
    std::string index;  // lines sorted by lemma
    std::string data;   // a sense per line, found by byte offset
  };
  std::array<Part, 4> parts_;
};

}  // namespace coldframe
