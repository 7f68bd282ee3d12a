#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "framework/core/ids.h"
#include "framework/core/philox.h"
#include "framework/data/dataset.h"
#include "framework/simulation/observables.h"
#include "framework/simulation/search_options.h"

namespace coldframe {

/// A value that queries ask for, and the items that have it, ascending.
struct Intent {
  std::string value;
  std::vector<ItemId> items;
};

/// A session that began with a query: what is behind it, which only the user knows, and what was typed.
struct SearchSession {
  std::uint32_t intent = 0;
  const Query* query = nullptr;
};

/// The values of an item column that at least `minimum_items` items have, by name. ConfigError that lists the columns
/// when `column` is none with categories, and when no value is frequent enough; `key` is the option that named it.
std::vector<Intent> read_intents(const EntityTable& items, const std::string& column, std::size_t minimum_items,
                                 std::string_view key);

/// Sessions that begin with a query (assumed). With probability `share`, drawn per (user, session), a newcomer has an
/// item in mind, drawn from their tastes p(i|u) among the items that have any of the values, and asks for one of its
/// values, each as likely:
///   P(c | u) = sum_{i in c} p(i|u) / n_i  over the sum of that over c,   n_i the values of item i;
/// within the session they choose as if their tastes were tilted towards it,
///   p(i | u, c) = p(i|u) e^{gain [i in c]} / Z,   Z = 1 + P(i in c | u) (e^gain - 1),
/// so that a gain of 0 changes nothing and a large one leaves the items asked for. Draws are keyed by user, session and
/// the value's name: another share, gain or typo share moves none of the others. Legend: I items, C intents.
/// Thread-safety: const.
class SearchLaw {
 public:
  static constexpr std::size_t k_most_queries = 200000;

  /// ConfigError for a column without categories, a template that does not parse or tells two values not apart, and
  /// more than k_most_queries texts.
  SearchLaw(const SearchOptions& options, const EntityTable& items, std::uint64_t seed);

  const std::vector<Intent>& intents() const { return intents_; }
  /// Every text that a query can have; Query::row is its place. With typos, all misspellings by one letter.
  const std::vector<Query>& queries() const { return queries_; }
  /// What a query asks for: no two values share a text.
  std::uint32_t meaning(const Query& query) const { return meaning_[query.row]; }

  /// Nothing for a session without a query. taste [I]: utilities v_i = log(I p(i|u)) before the session.
  std::optional<SearchSession> begin(UserKey user, std::uint32_t session, std::span<const double> taste) const;
  /// From utilities of a taste [I] to those within the session.
  void tilt(std::uint32_t intent, std::span<double> utilities) const;

  double gain() const { return options_.intent_gain; }
  /// The values that an item has, ascending.
  std::span<const std::uint32_t> intents_of(ItemId item) const { return of_item_[item.value()]; }
  bool matches(std::uint32_t intent, ItemId item) const;
  /// 1 / n_i; 0 for an item without any of the values.
  double weight(ItemId item) const;
  std::size_t items() const { return of_item_.size(); }

 private:
  using Rows = std::unordered_map<std::string, std::uint32_t>;
  void write_queries();
  void misspell_queries(Rows& rows);
  std::uint32_t add_query(const std::string& text, std::uint32_t intent, Rows& rows);

  SearchOptions options_;
  KeyedRandom random_;
  std::vector<Intent> intents_;
  std::vector<std::uint32_t> keys_;                  // [C] of random draws
  std::vector<std::vector<std::uint32_t>> of_item_;  // [I]
  std::vector<Query> queries_;
  std::vector<std::uint32_t> meaning_;                // [queries]
  std::vector<std::vector<std::uint32_t>> spelling_;  // [C] rows: as it should be, then by place and edit
};

}  // namespace coldframe
