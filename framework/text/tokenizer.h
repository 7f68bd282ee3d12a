#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/text/added_tokens.h"
#include "framework/text/bert_normalizer.h"
#include "framework/text/token_id.h"
#include "framework/text/wordpiece.h"

namespace coldframe {

struct TokenizerSettings;

/// Ids of the tokens with a role; those an encoder may lack are optional.
struct SpecialTokens {
  TokenId unk = 0;
  TokenId cls = 0;
  TokenId sep = 0;
  std::optional<TokenId> pad;
  std::optional<TokenId> mask;
};

/// Text to token ids, with the same ids as the fast WordPiece tokenizer of Hugging Face's `tokenizers` 0.22: added
/// tokens are cut out, the rest is normalised, split at white space and punctuation, matched greedily against the
/// vocabulary, truncated on the right and put between [CLS] and [SEP]. Ill-formed UTF-8 counts as U+FFFD, which
/// clean_text removes. Thread-safe: immutable after construction.
class Tokenizer {
 public:
  static constexpr std::size_t k_no_limit = std::numeric_limits<std::size_t>::max();

  /// Reads tokenizer.json, or else vocab.txt with tokenizer_config.json, of a Hugging Face or sentence-transformers
  /// folder. Throws IoError or DataError that names the file and what is wrong in it.
  static std::shared_ptr<const Tokenizer> from_folder(const std::filesystem::path& folder);

  explicit Tokenizer(const TokenizerSettings& settings);

  /// At most `max_tokens` ids including the special ones; ConfigError when not even those fit.
  std::vector<TokenId> encode(std::string_view text, std::size_t max_tokens) const;
  /// As above, up to the limit of the folder.
  std::vector<TokenId> encode(std::string_view text) const { return encode(text, max_tokens_); }

  /// One more than the largest id that encode() can return: what an embedding table must at least hold.
  std::size_t vocabulary_size() const { return vocabulary_size_; }
  const SpecialTokens& special_tokens() const { return special_; }
  /// Longest text the encoder folder declares, in tokens with the special ones; k_no_limit when it declares none.
  std::size_t max_tokens() const { return max_tokens_; }
  /// The id of exactly this token, special or not.
  std::optional<TokenId> find(std::string_view token) const;
  /// SHA-256 over the vocabulary and every setting that can change an id.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  void append_words(std::string_view normalized, std::size_t limit, std::vector<TokenId>& ids) const;

  BertNormalizer normalizer_;
  WordPiece model_;
  AddedTokens raw_added_;         // matched before normalisation
  AddedTokens normalized_added_;  // matched after it
  std::vector<TokenId> before_;
  std::vector<TokenId> after_;
  SpecialTokens special_;
  std::size_t vocabulary_size_ = 0;
  std::size_t max_tokens_ = k_no_limit;
  std::string fingerprint_;
};

}  // namespace coldframe
