#include "framework/cli/profile_text.h"

#include <fmt/format.h>

namespace coldframe {
namespace {

/// A column of category values: numbers are kept as they are written in texts.
AttributeColumn text_column(std::string name, std::vector<std::string> values) {
  AttributeColumn column;
  column.name = std::move(name);
  column.kind = AttributeKind::category;
  column.texts = std::move(values);
  return column;
}

std::string_view identifiability_text(Identifiability identifiability) {
  switch (identifiability) {
    case Identifiability::fitted:
      return "fitted";
    case Identifiability::assumed:
      return "assumed";
    case Identifiability::not_identifiable:
      return "not identifiable";
  }
  return "";
}

}  // namespace

EntityTable profile_table(const PopulationObservables& observables, const EntityTable& real_users) {
  EntityTable table;
  for (std::size_t p = 0; p < observables.pool.size(); ++p) table.ids.push_back(fmt::format("profile-{}", p));
  for (const AttributeColumn& real : real_users.columns) {
    const std::int32_t field = observables.law.find(real.name);
    std::vector<std::string> values;
    for (const Profile& profile : observables.pool) {
      values.push_back(field < 0 ? std::string() : profile.attributes.values[static_cast<std::size_t>(field)]);
    }
    table.columns.push_back(text_column(real.name, std::move(values)));
  }
  return table;
}

ProfileRenderer profile_renderer(const TextOptions& options, const EntityTable& real_users,
                                 const std::string& user_key) {
  return [options, &real_users, user_key](std::span<const std::string> names, std::span<const std::string> values) {
    EntityTable one;
    one.ids = {"profile"};
    for (const AttributeColumn& real : real_users.columns) {
      std::string value;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == real.name) value = values[i];
      }
      one.columns.push_back(text_column(real.name, {value}));
    }
    // No item is ever named, so the item templates need no columns.
    TextOptions without_items = options;
    without_items.item = without_items.history_entry = std::string(1, '-');
    return TextViews(one, EntityTable{}, without_items, user_key).user(UserId(0), {}, TextUse::evaluation);
  };
}

std::string card_text(const Population& population) {
  std::string text = fmt::format("population of {} ({})\n", population.data_name, population.licence);
  for (const CardEntry& entry : population.card) {
    text += fmt::format("  {:<34} {:<17} {}{}\n", entry.name, identifiability_text(entry.identifiability), entry.value,
                        entry.evidence.empty() ? "" : fmt::format("  ({})", entry.evidence));
  }
  return text;
}

}  // namespace coldframe
