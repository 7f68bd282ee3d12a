#include "framework/text/tokenizer.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/text/bert_characters.h"
#include "framework/text/tokenizer_settings.h"

namespace coldframe {
namespace {

TokenId require_token(const TokenizerSettings& settings, const std::string& token) {
  for (const auto& [content, id] : settings.vocabulary) {
    if (content == token) return id;
  }
  throw DataError(fmt::format("unknown token \"{}\" is not in the vocabulary", token),
                  "words that cannot be covered have no id", "check unk_token of the encoder folder");
}

/// The added tokens that are compared with raw text, or with normalised text in their own normalised form.
AddedTokens select_added(const TokenizerSettings& settings, const BertNormalizer& normalizer, bool normalized) {
  std::vector<AddedToken> selected;
  for (AddedToken token : settings.added) {
    if (token.normalized != normalized) continue;
    if (normalized) token.content = normalizer.normalize(token.content);
    selected.push_back(std::move(token));
  }
  return AddedTokens(std::move(selected));
}

std::size_t size_for_ids(const TokenizerSettings& settings) {
  TokenId largest = -1;
  for (const auto& entry : settings.vocabulary) largest = std::max(largest, entry.second);
  for (const AddedToken& token : settings.added) largest = std::max(largest, token.id);
  return static_cast<std::size_t>(largest + 1);
}

std::string settings_fingerprint(const TokenizerSettings& settings) {
  nlohmann::json added = nlohmann::json::array();
  for (const AddedToken& token : settings.added) {
    added.push_back({token.content, token.id, token.normalized, token.single_word, token.lstrip, token.rstrip});
  }
  std::sort(added.begin(), added.end());  // their order in the file changes no id
  const NormalizerSettings& normalizer = settings.normalizer;
  const nlohmann::json all = {
      {"normalizer",
       {normalizer.clean_text, normalizer.handle_chinese_chars, normalizer.strips_accents(), normalizer.lowercase}},
      {"vocabulary", settings.vocabulary},
      {"unk_token", settings.unk_token},
      {"continuing_prefix", settings.continuing_prefix},
      {"max_chars_per_word", settings.max_chars_per_word},
      {"added", std::move(added)},
      {"before", settings.before},
      {"after", settings.after}};
  return sha256_hex(all.dump());
}

enum class CharacterClass : std::uint8_t { word, white_space, punctuation };

constexpr std::array<CharacterClass, 128> k_ascii_classes = [] {
  std::array<CharacterClass, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    const bool letter_or_digit = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (c == ' ' || (c >= 9 && c <= 13))
      classes[c] = CharacterClass::white_space;
    else if (c > ' ' && c < 127 && !letter_or_digit)
      classes[c] = CharacterClass::punctuation;
  }
  return classes;
}();

CharacterClass classify(char32_t c) {
  if (c < k_ascii_classes.size()) return k_ascii_classes[c];
  if (detail::is_white_space(c)) return CharacterClass::white_space;
  return detail::is_punctuation(c) ? CharacterClass::punctuation : CharacterClass::word;
}

}  // namespace

std::shared_ptr<const Tokenizer> Tokenizer::from_folder(const std::filesystem::path& folder) {
  return std::make_shared<const Tokenizer>(read_tokenizer_settings(folder));
}

Tokenizer::Tokenizer(const TokenizerSettings& settings)
    : normalizer_(settings.normalizer),
      model_(settings.vocabulary, settings.continuing_prefix, require_token(settings, settings.unk_token),
             settings.max_chars_per_word),
      raw_added_(select_added(settings, normalizer_, false)),
      normalized_added_(select_added(settings, normalizer_, true)),
      before_(settings.before),
      after_(settings.after),
      vocabulary_size_(size_for_ids(settings)),
      max_tokens_(settings.max_tokens.value_or(k_no_limit)),
      fingerprint_(settings_fingerprint(settings)) {
  CF_EXPECTS(!before_.empty() && !after_.empty());
  special_ = {model_.unknown(), before_.front(), after_.back(), settings.pad, settings.mask};
}

void Tokenizer::append_words(std::string_view normalized, std::size_t limit, std::vector<TokenId>& ids) const {
  std::size_t word_begin = 0;
  std::size_t chars = 0;
  std::size_t i = 0;
  while (i < normalized.size() && ids.size() < limit) {
    const std::size_t begin = i;
    UChar32 c = 0;
    U8_NEXT_UNSAFE(normalized.data(), i, c);
    const CharacterClass kind = classify(static_cast<char32_t>(c));
    if (kind == CharacterClass::word) {
      ++chars;
      continue;
    }
    if (chars > 0) model_.append(normalized.substr(word_begin, begin - word_begin), chars, ids);
    if (kind == CharacterClass::punctuation) model_.append(normalized.substr(begin, i - begin), 1, ids);
    word_begin = i;
    chars = 0;
  }
  if (chars > 0) model_.append(normalized.substr(word_begin, i - word_begin), chars, ids);
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, std::size_t max_tokens) const {
  const std::size_t special = before_.size() + after_.size();
  if (max_tokens < special) {
    throw ConfigError(fmt::format("at most {} tokens per text", max_tokens),
                      fmt::format("the special tokens alone are {}", special), "raise the limit, for example to 64");
  }
  const std::size_t limit = max_tokens - after_.size();
  std::vector<TokenId> ids = before_;
  for (const TextPiece& raw : raw_added_.split(text)) {
    if (raw.id) {
      ids.push_back(*raw.id);
      continue;
    }
    const std::string normalized = normalizer_.normalize(raw.text);
    for (const TextPiece& piece : normalized_added_.split(normalized)) {
      if (piece.id) {
        ids.push_back(*piece.id);
      } else {
        append_words(piece.text, limit, ids);
      }
    }
  }
  ids.resize(std::min(ids.size(), limit));
  ids.insert(ids.end(), after_.begin(), after_.end());
  return ids;
}

std::optional<TokenId> Tokenizer::find(std::string_view token) const { return model_.find(token); }

}  // namespace coldframe
