#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
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
};

struct DatasetMeta {
  std::string name;
  std::string licence;
  std::string importer;  // name and version of what wrote it
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

}  // namespace coldframe
