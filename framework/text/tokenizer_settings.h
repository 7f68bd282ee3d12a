#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/text/added_tokens.h"
#include "framework/text/bert_normalizer.h"
#include "framework/text/token_id.h"

namespace coldframe {

/// Everything that decides which ids a text gets.
struct TokenizerSettings {
  NormalizerSettings normalizer;
  std::vector<std::pair<std::string, TokenId>> vocabulary;  // distinct tokens in order of id
  std::string unk_token = "[UNK]";
  std::string continuing_prefix = "##";
  std::size_t max_chars_per_word = 100;
  std::vector<AddedToken> added;
  std::vector<TokenId> before;  // put before every text: [CLS]
  std::vector<TokenId> after;   // put after every text: [SEP]
  std::optional<TokenId> pad;
  std::optional<TokenId> mask;
  std::optional<std::size_t> max_tokens;
};

/// Reads the settings of an encoder folder:
/// - tokenizer.json when there; its truncation and padding sections are ignored (the default encoder's say 128, its
/// true
///   limit is 256), and tokenizer_config.json may not contradict its normaliser;
/// - else vocab.txt (one token per line, LF) and, when there, tokenizer_config.json;
/// - the limit is max_seq_length of sentence_bert_config.json, else the smaller of model_max_length in
///   tokenizer_config.json and max_position_embeddings in config.json (two less for MPNet);
/// - config.json, when there, must have room for every id.
TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder);

}  // namespace coldframe
