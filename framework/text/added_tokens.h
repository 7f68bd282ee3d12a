#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/text/piece_trie.h"
#include "framework/text/token_id.h"

namespace coldframe {

/// A token that is found as it stands in the text, before the text is split into words.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = false;
  bool normalized = false;   // compared with the normalised text, in its own normalised form
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // takes the white space after it
};

/// A stretch of text: an added token with its id, or what lies between two of them.
struct TextPiece {
  std::string_view text;
  std::optional<TokenId> id;
};

/// Cuts added tokens out of a text: leftmost first, the longest of those that start at the same place, no overlaps.
class AddedTokens {
 public:
  AddedTokens() = default;
  /// Contents must be non-empty and distinct; DataError otherwise.
  explicit AddedTokens(std::vector<AddedToken> tokens);

  /// The pieces of `text` in order; no empty stretch between two tokens is reported.
  std::vector<TextPiece> split(std::string_view text) const;
  bool empty() const { return tokens_.empty(); }

 private:
  std::vector<AddedToken> tokens_;
  PieceTrie trie_;  // content to index in tokens_
};

}  // namespace coldframe
