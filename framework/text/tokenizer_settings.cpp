#include "framework/text/tokenizer_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "framework/core/error.h"
#include "framework/core/json.h"
#include "framework/text/json_fields.h"
#include "framework/text/tokenizer_json.h"
#include "framework/text/vocabulary_file.h"

namespace coldframe {
namespace {

using detail::JsonFields;
using nlohmann::json;

/// Tokens that play a role unless the configuration names others.
struct RoleNames {
  std::string_view cls, sep, pad, mask;
  bool mask_takes_space;  // the mask is a word that takes in the space before it
};
constexpr RoleNames k_bert_roles = {"[CLS]", "[SEP]", "[PAD]", "[MASK]", false};
constexpr RoleNames k_mpnet_roles = {"<s>", "</s>", "<pad>", "<mask>", true};

/// An optional JSON file of the folder: an empty object when it is absent.
struct SideFile {
  std::filesystem::path path;
  json content = json::object();

  explicit SideFile(std::filesystem::path file) : path(std::move(file)) {
    if (std::filesystem::exists(path)) content = read_json(path);
  }
  JsonFields fields() const { return {content, path.string()}; }
};

/// `"cls_token": "[CLS]"`, or an object with the content and flags of an added token.
std::optional<std::string> token_of(const JsonFields& fields, const std::string& role) {
  const json* value = fields.find(role);
  if (value == nullptr) return std::nullopt;
  return value->is_object() ? fields.object(role).require_text("content") : fields.text(role);
}

std::optional<TokenId> find_id(const TokenizerSettings& settings, std::string_view token) {
  for (const AddedToken& added : settings.added) {
    if (added.content == token) return added.id;
  }
  for (const auto& [content, id] : settings.vocabulary) {
    if (content == token) return id;
  }
  return std::nullopt;
}

NormalizerSettings normalizer_of_config(const JsonFields& config) {
  NormalizerSettings settings;
  settings.lowercase = config.flag("do_lower_case").value_or(true);
  settings.handle_chinese_chars = config.flag("tokenize_chinese_chars").value_or(true);
  settings.strip_accents = config.flag("strip_accents");
  return settings;
}

std::string tokenizer_class(const JsonFields& config) {
  std::string name = config.text("tokenizer_class").value_or("BertTokenizer");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

const RoleNames& role_names(const JsonFields& config) {
  return tokenizer_class(config) == "MPNetTokenizer" ? k_mpnet_roles : k_bert_roles;
}

void require_wordpiece_class(const JsonFields& config) {
  constexpr std::array<std::string_view, 5> k_known = {"BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer",
                                                       "MobileBertTokenizer", "MPNetTokenizer"};
  const std::string name = tokenizer_class(config);
  if (std::ranges::find(k_known, name) == k_known.end()) {
    throw DataError(fmt::format("{}: tokenizer_class = {}", config.place(), name),
                    "vocab.txt alone does not say how it splits text", "save the tokenizer as tokenizer.json");
  }
}

TokenizerSettings read_from_vocabulary(const std::filesystem::path& path, const JsonFields& config) {
  require_wordpiece_class(config);
  const RoleNames& names = role_names(config);
  TokenizerSettings settings;
  settings.vocabulary = read_vocabulary_file(path);
  settings.normalizer = normalizer_of_config(config);
  const auto require_role = [&](const std::string& role, std::string_view fallback) {
    const std::string token = token_of(config, role).value_or(std::string(fallback));
    const std::optional<TokenId> id = find_id(settings, token);
    if (!id) {
      throw DataError(fmt::format("{} has no line \"{}\"", path.string(), token), fmt::format("it is the {}", role),
                      "name it in tokenizer_config.json");
    }
    const bool known = std::ranges::any_of(settings.added, [&](const AddedToken& added) { return added.id == *id; });
    const bool takes_space = role == "mask_token" && names.mask_takes_space;
    if (!known) settings.added.push_back({.content = token, .id = *id, .special = true, .lstrip = takes_space});
    return *id;
  };
  settings.unk_token = token_of(config, "unk_token").value_or("[UNK]");
  require_role("unk_token", "[UNK]");
  settings.before = {require_role("cls_token", names.cls)};
  settings.after = {require_role("sep_token", names.sep)};
  for (const auto& [role, fallback] : {std::pair("pad_token", names.pad), std::pair("mask_token", names.mask)}) {
    if (find_id(settings, token_of(config, role).value_or(std::string(fallback)))) require_role(role, fallback);
  }
  return settings;
}

/// transformers rebuilds the normaliser when the two files differ, `tokenizers` does not: so they may not.
void require_agreement(const TokenizerSettings& settings, const std::filesystem::path& path, const JsonFields& config) {
  const NormalizerSettings& ours = settings.normalizer;
  const NormalizerSettings theirs = normalizer_of_config(config);
  const auto check = [&](const char* key, bool declared, bool value, bool other) {
    if (declared && value != other) {
      throw DataError(fmt::format("{}: {} = {}", config.place(), key, other),
                      fmt::format("the normalizer in {} says {}", path.filename().string(), value),
                      "make the two files agree");
    }
  };
  const bool lowercase = config.find("do_lower_case") != nullptr;
  check("do_lower_case", lowercase, ours.lowercase, theirs.lowercase);
  check("tokenize_chinese_chars", config.find("tokenize_chinese_chars") != nullptr, ours.handle_chinese_chars,
        theirs.handle_chinese_chars);
  check("strip_accents", lowercase || config.find("strip_accents") != nullptr, ours.strips_accents(),
        theirs.strips_accents());
}

std::optional<std::size_t> positive(const JsonFields& fields, std::string_view key) {
  const std::optional<double> value = fields.number(key);
  if (!value) return std::nullopt;
  if (!(*value >= 1)) fields.refuse(key, "at least 1");
  constexpr double k_no_real_limit = 1e9;  // transformers writes 1e30 for "none"
  return *value > k_no_real_limit ? std::nullopt : std::optional(static_cast<std::size_t>(*value));
}

/// MPNet counts positions from behind its padding token, whose id is 1: two rows of the table belong to no text.
std::optional<std::size_t> usable_positions(const JsonFields& model) {
  const std::optional<std::size_t> rows = positive(model, "max_position_embeddings");
  const std::size_t unused = model.text("model_type").value_or("") == "mpnet" ? 2 : 0;
  if (rows && *rows <= unused) model.refuse("max_position_embeddings", fmt::format("at least {}", unused + 1));
  return rows ? std::optional(*rows - unused) : std::nullopt;
}

std::optional<std::size_t> read_limit(const JsonFields& sentence, const JsonFields& config, const JsonFields& model) {
  const std::optional<std::size_t> positions = usable_positions(model);
  const std::optional<std::size_t> declared = positive(sentence, "max_seq_length");
  if (declared && positions && *declared > *positions) {
    throw DataError(fmt::format("{}: max_seq_length = {}", sentence.place(), *declared),
                    fmt::format("{} has max_position_embeddings = {}: {} tokens fit", model.place(),
                                *positive(model, "max_position_embeddings"), *positions));
  }
  if (declared) return declared;
  const std::optional<std::size_t> tokenizer = positive(config, "model_max_length");
  if (positions && tokenizer) return std::min(*positions, *tokenizer);
  return positions ? positions : tokenizer;
}

void require_room(const TokenizerSettings& settings, const std::filesystem::path& path, const JsonFields& model) {
  TokenId largest = -1;
  for (const auto& entry : settings.vocabulary) largest = std::max(largest, entry.second);
  for (const AddedToken& token : settings.added) largest = std::max(largest, token.id);
  if (model.find("vocab_size") == nullptr) return;
  const std::int32_t rows = model.require_natural("vocab_size");
  if (largest < rows) return;
  throw DataError(fmt::format("{} has ids up to {}", path.string(), largest),
                  fmt::format("{} has vocab_size = {}", model.place(), rows),
                  "vocabulary and weights belong to different encoders");
}

}  // namespace

TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder) {
  const std::filesystem::path tokenizer_json = folder / "tokenizer.json";
  const std::filesystem::path vocabulary = folder / "vocab.txt";
  const bool whole = std::filesystem::exists(tokenizer_json);
  if (!whole && !std::filesystem::exists(vocabulary)) {
    throw IoError(fmt::format("no tokenizer in {}", folder.string()), "neither tokenizer.json nor vocab.txt is there",
                  "point encoder.folder at a Hugging Face folder");
  }
  const SideFile config(folder / "tokenizer_config.json");
  const SideFile sentence(folder / "sentence_bert_config.json");
  const SideFile model(folder / "config.json");

  const std::filesystem::path& source = whole ? tokenizer_json : vocabulary;
  TokenizerSettings settings = whole ? read_tokenizer_json(source) : read_from_vocabulary(source, config.fields());
  if (whole) require_agreement(settings, source, config.fields());
  if (sentence.fields().flag("do_lower_case").value_or(false) && !settings.normalizer.lowercase) {
    throw DataError(fmt::format("{}: do_lower_case = true", sentence.path.string()),
                    fmt::format("{} keeps upper case", source.filename().string()), "make the two files agree");
  }
  const RoleNames& names = role_names(config.fields());
  settings.pad = find_id(settings, token_of(config.fields(), "pad_token").value_or(std::string(names.pad)));
  settings.mask = find_id(settings, token_of(config.fields(), "mask_token").value_or(std::string(names.mask)));
  settings.max_tokens = read_limit(sentence.fields(), config.fields(), model.fields());
  require_room(settings, source, model.fields());
  return settings;
}

}  // namespace coldframe
