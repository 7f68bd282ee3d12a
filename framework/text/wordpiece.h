#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/text/piece_trie.h"
#include "framework/text/token_id.h"

namespace coldframe {

/// WordPiece (Schuster and Nakajima, "Japanese and Korean voice search", 2012) with greedy longest match: the first
/// piece of a word is the longest vocabulary entry that starts it, every further one the longest entry that continues
/// it (written with the prefix "##" in the vocabulary). A word that cannot be covered, or is too long, is one unknown
/// token.
class WordPiece {
 public:
  WordPiece(const std::vector<std::pair<std::string, TokenId>>& vocabulary, std::string_view continuing_prefix,
            TokenId unknown, std::size_t max_chars_per_word);

  /// Appends the pieces of a word of `chars` code points.
  void append(std::string_view word, std::size_t chars, std::vector<TokenId>& ids) const;
  std::optional<TokenId> find(std::string_view token) const { return first_.find(token); }
  TokenId unknown() const { return unknown_; }

 private:
  PieceTrie first_;
  PieceTrie continuing_;  // without the prefix
  TokenId unknown_;
  std::size_t max_chars_per_word_;
};

}  // namespace coldframe
