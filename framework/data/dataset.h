#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/core/ids.h"

namespace coldframe {

enum class AttributeKind { category, number, text, multi };  // multi: several categories per row (genres)

/// One attribute of all users or all items. Row r of a missing value: empty text, or NaN for numbers.
struct AttributeColumn {
  std::string name;
  AttributeKind kind = AttributeKind::text;
  std::vector<std::string> texts;                // category and text: one per row
  std::vector<double> numbers;                   // number: one per row
  std::vector<std::vector<std::string>> values;  // multi: any number per row

  std::size_t size() const;
  bool missing(std::size_t row) const;
  /// The cell as text: numbers in their shortest form (1995, 4.5), several values joined by `joint`, missing = empty.
  std::string cell(std::size_t row, std::string_view joint = " ") const;
};

/// Users or items: external ids (kept as text, unique) and attribute columns, all of the same length.
struct EntityTable {
  std::vector<std::string> ids;
  std::vector<AttributeColumn> columns;

  std::size_t size() const { return ids.size(); }
  /// nullptr when there is no such column.
  const AttributeColumn* find(std::string_view name) const;
};

/// Interactions in columns, sorted by (user, timestamp, keyed hash of the external user and item ids): equal timestamps
/// are ordered by the hash, never by file order.
struct Interactions {
  std::vector<UserId> user;
  std::vector<ItemId> item;
  std::vector<float> rating;            // empty for implicit feedback
  std::vector<std::int64_t> timestamp;  // unix seconds; empty when the source has none

  std::size_t size() const { return user.size(); }
  bool implicit() const { return rating.empty(); }
  bool timed() const { return !timestamp.empty(); }
};

struct DatasetMeta {
  std::string name;
  std::string licence;
  std::string importer;                                               // name and version of what wrote it
  std::vector<std::pair<std::string, std::string>> source_checksums;  // file name, SHA-256
};

/// A data set in memory, as read from a dataset store. Users and items are referred to by row (UserId, ItemId).
struct Dataset {
  static constexpr std::int64_t k_always = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t k_forever = std::numeric_limits<std::int64_t>::max();

  DatasetMeta meta;
  EntityTable users;
  EntityTable items;
  std::vector<std::int64_t> item_available_from;  // unix seconds, k_always when unknown
  std::vector<std::int64_t> item_available_to;    // exclusive, k_forever when unknown
  Interactions interactions;

  UserKey user_key(UserId user) const;  // stable hash of the external id
  std::uint64_t item_key(ItemId item) const;
};

std::string_view attribute_kind_name(AttributeKind kind);

/// What orders the equal timestamps of a user: a pinned Philox hash of the two external ids.
std::uint64_t interaction_order_hash(UserKey user, std::uint64_t item_key);

/// Brings the interactions into the order that `Interactions` promises.
void sort_interactions(Dataset& dataset);

/// Throws DataError unless every column has its table's length, ids are unique, references are in range, numbers are
/// finite where they must be and the interactions are in order. Readers and writers of stores call it.
void check_dataset(const Dataset& dataset);

/// SHA-256 over every id, attribute and interaction (not over `meta`): what runs store and ranks compare.
std::string content_checksum(const Dataset& dataset);

}  // namespace coldframe
