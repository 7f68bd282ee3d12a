#include "framework/text/tokenizer_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/text/json_fields.h"

namespace coldframe {
namespace {

using detail::JsonFields;
using nlohmann::json;

/// The object under `key`, whose "type" must be one of `types`.
JsonFields require_type(const JsonFields& root, std::string_view key, std::initializer_list<std::string_view> types) {
  const json* value = root.find(key);
  const bool typed = value != nullptr && value->is_object() && value->contains("type") && (*value)["type"].is_string();
  const std::string type = typed ? (*value)["type"].get<std::string>() : value == nullptr ? "null" : "without a type";
  if (!typed || std::ranges::find(types, type) == types.end()) {
    throw DataError(fmt::format("{}: {} is {}", root.place(), key, type),
                    fmt::format("only {} can be read", fmt::join(types, " and ")),
                    "use an encoder of the BERT family with a WordPiece tokenizer");
  }
  return root.object(key);
}

NormalizerSettings read_normalizer(const JsonFields& root) {
  const JsonFields fields = require_type(root, "normalizer", {"BertNormalizer"});
  NormalizerSettings settings;
  settings.clean_text = fields.flag("clean_text").value_or(true);
  settings.handle_chinese_chars = fields.flag("handle_chinese_chars").value_or(true);
  settings.strip_accents = fields.flag("strip_accents");
  settings.lowercase = fields.flag("lowercase").value_or(true);
  return settings;
}

void read_model(const JsonFields& root, TokenizerSettings& settings) {
  const JsonFields model = require_type(root, "model", {"WordPiece"});
  settings.unk_token = model.require_text("unk_token");
  settings.continuing_prefix = model.require_text("continuing_subword_prefix");
  settings.max_chars_per_word = static_cast<std::size_t>(model.require_natural("max_input_chars_per_word"));
  const JsonFields vocabulary = model.object("vocab");
  for (const auto& [token, id] : model.require("vocab").items()) {
    settings.vocabulary.emplace_back(token, vocabulary.require_natural(token));
  }
  std::ranges::sort(settings.vocabulary, {}, [](const auto& entry) { return std::pair(entry.second, entry.first); });
}

/// Ids a post-processor or an added token names must be those of the vocabulary, or new ones.
class TokenIds {
 public:
  explicit TokenIds(const TokenizerSettings& settings) {
    for (const auto& [token, id] : settings.vocabulary) ids_.emplace(token, id);
  }
  void add(const JsonFields& place, const std::string& token, TokenId id) {
    const auto [known, added] = ids_.emplace(token, id);
    if (!added && known->second != id) {
      throw DataError(fmt::format("{}: \"{}\" has the id {}", place.place(), token, id),
                      fmt::format("elsewhere in the file it is {}", known->second));
    }
  }

 private:
  std::map<std::string, TokenId, std::less<>> ids_;
};

void read_added_tokens(const JsonFields& root, TokenIds& ids, TokenizerSettings& settings) {
  const json* list = root.find("added_tokens");
  if (list == nullptr) return;
  if (!list->is_array()) root.refuse("added_tokens", "a list");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const JsonFields fields((*list)[i], fmt::format("{}: added_tokens[{}]", root.place(), i));
    AddedToken token;
    token.content = fields.require_text("content");
    token.id = fields.require_natural("id");
    token.special = fields.flag("special").value_or(false);
    token.normalized = fields.flag("normalized").value_or(!token.special);
    token.single_word = fields.flag("single_word").value_or(false);
    token.lstrip = fields.flag("lstrip").value_or(false);
    token.rstrip = fields.flag("rstrip").value_or(false);
    ids.add(fields, token.content, token.id);
    settings.added.push_back(std::move(token));
  }
}

/// BertProcessing and RobertaProcessing: {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]}.
TokenId read_pair(const JsonFields& processor, std::string_view key, TokenIds& ids) {
  const json& pair = processor.require(key);
  const auto id = pair.is_array() && pair.size() == 2 ? detail::as_natural(pair[1]) : std::nullopt;
  if (!id || !pair[0].is_string()) processor.refuse(key, "a token and its id");
  ids.add(processor, pair[0].get<std::string>(), *id);
  return *id;
}

void append_special(const JsonFields& processor, const JsonFields& special, TokenIds& ids, std::vector<TokenId>& out) {
  const std::string name = special.require_text("id");
  const JsonFields declared = processor.object("special_tokens").object(name);
  const json& list = declared.require("ids");
  const json& tokens = declared.require("tokens");
  if (!list.is_array() || !tokens.is_array() || list.size() != tokens.size())
    declared.refuse("ids", "one id per token");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto id = detail::as_natural(list[i]);
    if (!id || !tokens[i].is_string()) declared.refuse("ids", "a list of token ids");
    ids.add(declared, tokens[i].get<std::string>(), *id);
    out.push_back(*id);
  }
}

void read_template(const JsonFields& processor, TokenIds& ids, TokenizerSettings& settings) {
  const json& single = processor.require("single");
  if (!single.is_array()) processor.refuse("single", "a list");
  std::size_t texts = 0;
  for (const json& piece : single) {
    const JsonFields fields(piece, processor.place() + ": single");
    if (fields.find("Sequence") != nullptr) {
      ++texts;
    } else {
      append_special(processor, fields.object("SpecialToken"), ids, texts == 0 ? settings.before : settings.after);
    }
  }
  if (texts != 1) processor.refuse("single", "the text exactly once");
}

void read_post_processor(const JsonFields& root, TokenIds& ids, TokenizerSettings& settings) {
  const JsonFields processor =
      require_type(root, "post_processor", {"TemplateProcessing", "BertProcessing", "RobertaProcessing"});
  if (processor.require_text("type") == "TemplateProcessing") {
    read_template(processor, ids, settings);
  } else {
    settings.before = {read_pair(processor, "cls", ids)};
    settings.after = {read_pair(processor, "sep", ids)};
  }
  if (settings.before.empty() || settings.after.empty()) {
    throw DataError(
        fmt::format("{} puts no token {} a text", processor.place(), settings.before.empty() ? "before" : "after"),
        "encoders of this family are trained with [CLS] and [SEP] around every text");
  }
}

}  // namespace

TokenizerSettings read_tokenizer_json(const std::filesystem::path& path) {
  const json document = read_json(path);
  const JsonFields root(document, path.string());
  TokenizerSettings settings;
  read_model(root, settings);
  settings.normalizer = read_normalizer(root);
  require_type(root, "pre_tokenizer", {"BertPreTokenizer"});
  TokenIds ids(settings);
  read_added_tokens(root, ids, settings);
  read_post_processor(root, ids, settings);
  return settings;
}

}  // namespace coldframe
