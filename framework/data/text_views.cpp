#include "framework/data/text_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr std::string_view k_history = "history";
constexpr std::string_view k_id = "id";  // of an item, unless a column is called so

std::vector<std::string> column_names(const EntityTable& table) {
  std::vector<std::string> names;
  for (const AttributeColumn& column : table.columns) names.push_back(column.name);
  return names;
}

FieldValues values_of(const AttributeColumn& column, std::size_t row) {
  switch (column.kind) {
    case AttributeKind::number: {
      const double number = column.numbers[row];
      return std::isnan(number) ? FieldValues{} : FieldValues{fmt::format("{}", number)};
    }
    case AttributeKind::multi:
      return column.values[row];
    case AttributeKind::category:
    case AttributeKind::text:
      return {column.texts[row]};
  }
  return {};
}

std::vector<std::string> render_rows(const EntityTable& table, const Template& pattern, std::string_view prompt) {
  std::vector<std::string> known = column_names(table);
  known.emplace_back(k_id);
  pattern.require_fields(known);
  std::vector<const AttributeColumn*> columns;  // nullptr: the id
  for (const std::string& field : pattern.fields()) columns.push_back(table.find(field));
  std::vector<std::string> texts(table.size());
  std::vector<FieldValues> values(columns.size());
  for (std::size_t row = 0; row < texts.size(); ++row) {
    std::ranges::transform(columns, values.begin(), [&](const auto* column) {
      return column == nullptr ? FieldValues{table.ids[row]} : values_of(*column, row);
    });
    texts[row] = fmt::format("{}{}", prompt, pattern.render(values));
  }
  return texts;
}

ValueRules rules_of(const TextOptions& options) { return {.missing = options.missing, .articles = options.articles}; }

}  // namespace

void TextOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "item", .doc = "template of an item's text; its fields are item attributes"}, item);
  visitor.visit({.name = "user", .doc = "template of a user's text; its fields are user attributes and history"}, user);
  visitor.visit({.name = "history_entry", .doc = "template of an item within a history"}, history_entry);
  visitor.visit({.name = "articles", .doc = "trailing articles that !article moves to the front"}, articles);
  visitor.visit({.name = "missing", .doc = "spellings of a missing value; its piece of the template goes"}, missing);
  visitor.visit({.name = "history_training",
                 .doc = "most titles in a training text",
                 .unit = "titles",
                 .minimum = 0,
                 .maximum = 1000},
                history_training);
  visitor.visit({.name = "history_evaluation",
                 .doc = "most titles in any other text",
                 .unit = "titles",
                 .minimum = 0,
                 .maximum = 1000},
                history_evaluation);
  visitor.visit({.name = "user_prompt", .doc = "put before every user text, as the encoder was trained (\"query: \")"},
                user_prompt);
  visitor.visit({.name = "item_prompt", .doc = "put before every item text (\"passage: \")"}, item_prompt);
  visitor.visit({.name = "max_tokens",
                 .doc = "longest text with the special tokens; 0 is the limit of the encoder",
                 .unit = "tokens",
                 .minimum = 0,
                 .maximum = 1'000'000},
                max_tokens);
}

std::vector<Problem> TextOptions::validate() const {
  std::vector<Problem> problems;
  const auto check = [&](const char* key, const std::string& source) {
    try {
      if (Template(source, key).fields().empty())
        problems.push_back({key, "(holds no field) every text would be equal"});
    } catch (const ConfigError& error) {
      problems.push_back({key, error.what()});
    }
  };
  check("item", item);
  check("user", user);
  check("history_entry", history_entry);
  if (max_tokens > 0 && max_tokens < 8) problems.push_back({"max_tokens", "(no text fits) try 64, or 0"});
  return problems;
}

TextViews::TextViews(const EntityTable& users, const EntityTable& items, const TextOptions& options,
                     const std::string& user_key)
    : users_(users), options_(options), user_template_(options.user, user_key, rules_of(options)) {
  std::vector<std::string> known = column_names(users);
  known.emplace_back(k_history);
  user_template_.require_fields(known);
  for (const std::string& field : user_template_.fields()) {
    user_columns_.push_back(field == k_history ? nullptr : users.find(field));
  }
  items_ = render_rows(items, Template(options.item, "text.item", rules_of(options)), options.item_prompt);
  entries_ = render_rows(items, Template(options.history_entry, "text.history_entry", rules_of(options)), "");
}

std::string TextViews::user(UserId user, std::span<const ItemId> newest_first, TextUse use) const {
  const std::int64_t most = use == TextUse::training ? options_.history_training : options_.history_evaluation;
  return this->user(user, newest_first, static_cast<std::size_t>(most));
}

std::string TextViews::user(UserId user, std::span<const ItemId> newest_first, std::size_t most) const {
  FieldValues history;
  for (const ItemId item : newest_first) {
    if (history.size() >= most) break;
    if (const std::string& entry = entries_[item.value()]; !entry.empty()) history.push_back(entry);
  }
  std::vector<FieldValues> values;
  for (const AttributeColumn* column : user_columns_) {
    values.push_back(column == nullptr ? history : values_of(*column, user.value()));
  }
  return fmt::format("{}{}", options_.user_prompt, user_template_.render(values));
}

}  // namespace coldframe
