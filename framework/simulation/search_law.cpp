#include "framework/simulation/search_law.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/simulation/profile_noise.h"
#include "framework/simulation/random_layout.h"
#include "framework/text/template.h"

namespace coldframe {
namespace {

// Pages of the counter (user, session, page; slot), frozen: whether, what, and how it is written.
constexpr std::uint32_t k_coin_page = 0, k_intent_page = 1, k_typo_page = 2;

bool has_categories(const AttributeColumn& column) {
  return column.kind == AttributeKind::multi || column.kind == AttributeKind::category;
}

const AttributeColumn& category_column(const EntityTable& items, const std::string& name, std::string_view key) {
  const AttributeColumn* column = items.find(name);
  if (column != nullptr && has_categories(*column)) return *column;
  std::vector<std::string> known;
  for (const AttributeColumn& other : items.columns) {
    if (has_categories(other)) known.push_back(other.name);
  }
  throw ConfigError(
      fmt::format("{} = {}", key, name),
      column == nullptr ? "items have no such column" : "this column has no categories that a query could ask for",
      known.empty()
          ? "no column of this catalogue has categories: import one as category or multi, or let nobody search"
          : fmt::format("use {}", fmt::join(known, ", ")));
}

}  // namespace

std::vector<Intent> read_intents(const EntityTable& items, const std::string& column, std::size_t minimum_items,
                                 std::string_view key) {
  const AttributeColumn& values = category_column(items, column, key);
  std::map<std::string, std::vector<ItemId>> by_value;
  const auto add = [&](const std::string& value, std::uint32_t item) {
    std::vector<ItemId>& of_value = by_value[value];
    if (of_value.empty() || of_value.back() != ItemId(item)) of_value.emplace_back(item);
  };
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    if (values.missing(i)) continue;
    if (values.kind == AttributeKind::category) add(values.texts[i], i);
    if (values.kind == AttributeKind::multi) {
      for (const std::string& value : values.values[i]) add(value, i);
    }
  }
  std::vector<Intent> intents;
  std::size_t most = 0;
  for (auto& [value, of_value] : by_value) {
    most = std::max(most, of_value.size());
    if (of_value.size() >= minimum_items) intents.push_back({value, std::move(of_value)});
  }
  if (!intents.empty()) return intents;
  throw ConfigError(fmt::format("search.minimum_items = {}", minimum_items),
                    fmt::format("the most frequent value of {} has {} items", column, most),
                    "lower it, or name another column");
}

SearchLaw::SearchLaw(const SearchOptions& options, const EntityTable& items, std::uint64_t seed)
    : options_(options),
      random_(derived_seed(seed, "search sessions"), Purpose::choice),
      intents_(
          read_intents(items, options.attribute, static_cast<std::size_t>(options.minimum_items), "search.attribute")),
      of_item_(items.size()) {
  for (std::uint32_t c = 0; c < intents_.size(); ++c) {
    keys_.push_back(static_cast<std::uint32_t>(stable_hash(intents_[c].value)));
    for (const ItemId item : intents_[c].items) of_item_[item.value()].push_back(c);
  }
  write_queries();
}

void SearchLaw::write_queries() {
  const Template written(options_.query_template, "search.query_template");
  written.require_fields(std::vector<std::string>{"intent"});
  Rows rows;
  for (std::uint32_t c = 0; c < intents_.size(); ++c) {
    const std::vector<FieldValues> fields(written.fields().size(), FieldValues{intents_[c].value});
    const std::string text = written.render(fields);
    const std::uint32_t row = add_query(text, c, rows);
    spelling_.push_back({row});
    if (!text.empty() && meaning_[row] == c) continue;
    throw ConfigError(fmt::format("search.query_template = {}", options_.query_template),
                      text.empty() ? fmt::format("a query for '{}' has no words", intents_[c].value)
                                   : fmt::format("'{}' and '{}' are asked for by the same words",
                                                 intents_[meaning_[row]].value, intents_[c].value),
                      "write {intent} where the value belongs");
  }
  if (options_.typo_share > 0) misspell_queries(rows);
}

void SearchLaw::misspell_queries(Rows& rows) {
  for (std::uint32_t c = 0; c < intents_.size(); ++c) {
    const std::uint32_t plain = spelling_[c][0];
    const std::string text = queries_[plain].text;
    for (const std::size_t place : misspelling_places(text)) {
      for (std::uint32_t edit = 0; edit < k_misspelling_edits; ++edit) {
        const std::uint32_t row = add_query(misspelt_at(text, place, edit), c, rows);
        // A misspelling that says something else is not made.
        spelling_[c].push_back(meaning_[row] == c ? row : plain);
      }
    }
  }
}

/// Row of a text, which keeps the meaning it had first.
std::uint32_t SearchLaw::add_query(const std::string& text, std::uint32_t intent, Rows& rows) {
  const auto [at, added] = rows.try_emplace(text, static_cast<std::uint32_t>(queries_.size()));
  if (!added) return at->second;
  if (queries_.size() == k_most_queries) {
    throw ConfigError(fmt::format("search.minimum_items = {}", options_.minimum_items),
                      fmt::format("{} values make more than {} texts of queries", intents_.size(), k_most_queries),
                      "raise it, or set search.typo_share = 0");
  }
  queries_.push_back({at->second, text});
  meaning_.push_back(intent);
  return at->second;
}

std::optional<SearchSession> SearchLaw::begin(UserKey user, std::uint32_t session,
                                              std::span<const double> taste) const {
  CF_EXPECTS(taste.size() == items());
  if (!(random_.uniform(user, session, k_coin_page) < options_.share)) return std::nullopt;
  std::uint32_t wanted = 0;
  double best = -std::numeric_limits<double>::infinity();
  for (std::uint32_t c = 0; c < intents_.size(); ++c) {
    double share = 0;
    for (const ItemId item : intents_[c].items) {
      share += weight(item) * std::exp(taste[item.value()]);
    }
    const double noisy = std::log(share) + gumbel(random_.block(user, session, k_intent_page, keys_[c])[0]);
    if (noisy > best) {
      best = noisy;
      wanted = c;
    }
  }
  const std::vector<std::uint32_t>& spelling = spelling_[wanted];
  const PhiloxBlock words = random_.block(user, session, k_typo_page);
  const auto misspellings = static_cast<std::uint32_t>(spelling.size() - 1);
  const bool misspelt = misspellings > 0 && uniform_double(words[0]) < options_.typo_share;
  const std::uint32_t row = misspelt ? spelling[1 + uniform_below(words[1], misspellings)] : spelling[0];
  return SearchSession{wanted, &queries_[row]};
}

bool SearchLaw::matches(std::uint32_t intent, ItemId item) const {
  return std::ranges::binary_search(intents_of(item), intent);
}

double SearchLaw::weight(ItemId item) const {
  const std::size_t values = intents_of(item).size();
  return values == 0 ? 0.0 : 1.0 / static_cast<double>(values);
}

void SearchLaw::tilt(std::uint32_t intent, std::span<double> utilities) const {
  double all = 0, match = 0;
  for (const double utility : utilities) all += std::exp(utility);
  for (const ItemId item : intents_[intent].items) match += std::exp(utilities[item.value()]);
  const double loss = std::log1p(match / all * std::expm1(gain()));
  for (double& utility : utilities) utility -= loss;
  for (const ItemId item : intents_[intent].items) utilities[item.value()] += gain();
}

}  // namespace coldframe
