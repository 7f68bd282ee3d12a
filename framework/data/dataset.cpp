#include "framework/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <tuple>
#include <unordered_set>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

[[noreturn]] void fail(std::string_view table, std::string_view why) {
  throw DataError(fmt::format("{} of the data set are inconsistent", table), why);
}

void check_table(const EntityTable& table, std::string_view name) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& id : table.ids) {
    if (id.empty()) fail(name, "an id is empty");
    if (!seen.insert(id).second) fail(name, fmt::format("id {} occurs twice", id));
  }
  std::unordered_set<std::string_view> names;
  for (const AttributeColumn& column : table.columns) {
    if (column.name.empty() || column.name == "." || column.name.find('/') != std::string::npos) {
      fail(name, fmt::format("attribute name '{}' cannot be stored", column.name));
    }
    if (!names.insert(column.name).second) fail(name, fmt::format("attribute {} occurs twice", column.name));
    if (column.size() != table.size()) {
      fail(name, fmt::format("attribute {} has {} rows, expected {}", column.name, column.size(), table.size()));
    }
  }
}

void expect_length(std::size_t length, std::size_t expected, std::string_view table, std::string_view column) {
  if (length != expected) fail(table, fmt::format("column {} has {} rows, expected {}", column, length, expected));
}

// (user, timestamp, order hash) names the place of an interaction; external ids make the order total.
class InteractionOrder {
 public:
  explicit InteractionOrder(const Dataset& dataset) : dataset_(dataset), hashes_(dataset.interactions.size()) {
    std::vector<UserKey> users(dataset.users.size());
    std::vector<std::uint64_t> items(dataset.items.size());
    for (std::uint32_t row = 0; row < users.size(); ++row) users[row] = dataset.user_key(UserId(row));
    for (std::uint32_t row = 0; row < items.size(); ++row) items[row] = dataset.item_key(ItemId(row));
    const Interactions& all = dataset.interactions;
    for (std::size_t row = 0; row < all.size(); ++row) {
      hashes_[row] = interaction_order_hash(users[all.user[row].value()], items[all.item[row].value()]);
    }
  }

  bool operator()(std::size_t a, std::size_t b) const {
    const Interactions& all = dataset_.interactions;
    if (all.user[a] != all.user[b]) return all.user[a] < all.user[b];
    if (all.timed() && all.timestamp[a] != all.timestamp[b]) return all.timestamp[a] < all.timestamp[b];
    if (hashes_[a] != hashes_[b]) return hashes_[a] < hashes_[b];
    return dataset_.items.ids[all.item[a].value()] < dataset_.items.ids[all.item[b].value()];
  }

 private:
  const Dataset& dataset_;
  std::vector<std::uint64_t> hashes_;
};

void check_interactions(const Dataset& dataset) {
  const Interactions& all = dataset.interactions;
  constexpr std::string_view k_table = "interactions";
  expect_length(all.item.size(), all.size(), k_table, "item");
  if (!all.implicit()) expect_length(all.rating.size(), all.size(), k_table, "rating");
  if (all.timed()) expect_length(all.timestamp.size(), all.size(), k_table, "timestamp");
  for (std::size_t row = 0; row < all.size(); ++row) {
    if (all.user[row].value() >= dataset.users.size()) fail(k_table, fmt::format("row {} names no user", row));
    if (all.item[row].value() >= dataset.items.size()) fail(k_table, fmt::format("row {} names no item", row));
    if (!all.implicit() && !std::isfinite(all.rating[row])) {
      fail(k_table, fmt::format("row {} has no finite rating", row));
    }
  }
  const InteractionOrder before(dataset);
  for (std::size_t row = 1; row < all.size(); ++row) {
    if (before(row, row - 1)) fail(k_table, fmt::format("row {} is out of order", row));
  }
}

template <class T>
void reorder(std::vector<T>& column, const std::vector<std::size_t>& order) {
  if (column.empty()) return;
  std::vector<T> sorted;
  sorted.reserve(column.size());
  for (const std::size_t row : order) sorted.push_back(column[row]);
  column = std::move(sorted);
}

// Every part is hashed on its own and named, so that no two different data sets join to the same bytes.
class ContentChecksum {
 public:
  template <class T>
  void add(std::string_view name, const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    add_bytes(name, std::as_bytes(std::span(values)));
  }
  void add(std::string_view name, const std::vector<std::string>& values) {
    std::string joined;
    for (const std::string& value : values) joined += fmt::format("{}:{}", value.size(), value);
    add_bytes(name, std::as_bytes(std::span(joined)));
  }
  void add(const EntityTable& table, std::string_view name) {
    add(fmt::format("{}/id", name), table.ids);
    for (const AttributeColumn& column : table.columns) {
      const std::string path = fmt::format("{}/{}:{}", name, attribute_kind_name(column.kind), column.name);
      add(path + "/texts", column.texts);
      add(path + "/numbers", canonical(column.numbers));
      std::string joined;
      for (const auto& values : column.values) {
        joined += fmt::format("{};", values.size());
        for (const std::string& value : values) joined += fmt::format("{}:{}", value.size(), value);
      }
      add_bytes(path + "/values", std::as_bytes(std::span(joined)));
    }
  }
  std::string hex() const { return sha256_hex(parts_); }

 private:
  // A missing number is any NaN; its bits must not matter.
  static std::vector<double> canonical(std::vector<double> numbers) {
    for (double& number : numbers) {
      if (std::isnan(number)) number = std::numeric_limits<double>::quiet_NaN();
    }
    return numbers;
  }
  void add_bytes(std::string_view name, std::span<const std::byte> bytes) {
    parts_ += fmt::format("{}\n{} {}\n", name, bytes.size(), sha256_hex(bytes));
  }
  std::string parts_;
};

}  // namespace

std::size_t AttributeColumn::size() const {
  switch (kind) {
    case AttributeKind::number:
      return numbers.size();
    case AttributeKind::multi:
      return values.size();
    default:
      return texts.size();
  }
}

bool AttributeColumn::missing(std::size_t row) const {
  switch (kind) {
    case AttributeKind::number:
      return std::isnan(numbers[row]);
    case AttributeKind::multi:
      return values[row].empty();
    default:
      return texts[row].empty();
  }
}

std::string AttributeColumn::cell(std::size_t row, std::string_view joint) const {
  if (missing(row)) return {};
  switch (kind) {
    case AttributeKind::number:
      return fmt::format("{}", numbers[row]);
    case AttributeKind::multi:
      return fmt::format("{}", fmt::join(values[row], joint));
    default:
      return texts[row];
  }
}

const AttributeColumn* EntityTable::find(std::string_view name) const {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [&](const auto& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

UserKey Dataset::user_key(UserId user) const { return UserKey(stable_hash(users.ids[user.value()])); }

std::uint64_t Dataset::item_key(ItemId item) const { return stable_hash(items.ids[item.value()]); }

std::string_view attribute_kind_name(AttributeKind kind) {
  switch (kind) {
    case AttributeKind::category:
      return "category";
    case AttributeKind::number:
      return "number";
    case AttributeKind::text:
      return "text";
    case AttributeKind::multi:
      break;
  }
  return "multi";
}

std::uint64_t interaction_order_hash(UserKey user, std::uint64_t item_key) {
  constexpr PhiloxKey k_key = philox_key(0, Purpose::tie_break);
  const PhiloxBlock block =
      philox4x32({static_cast<std::uint32_t>(user.value()), static_cast<std::uint32_t>(user.value() >> 32),
                  static_cast<std::uint32_t>(item_key), static_cast<std::uint32_t>(item_key >> 32)},
                 k_key);
  return (std::uint64_t{block[1]} << 32) | block[0];
}

void sort_interactions(Dataset& dataset) {
  Interactions& all = dataset.interactions;
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const InteractionOrder before(dataset);
  std::stable_sort(order.begin(), order.end(), std::cref(before));  // by reference: the algorithm copies it per range
  reorder(all.user, order);
  reorder(all.item, order);
  reorder(all.rating, order);
  reorder(all.timestamp, order);
}

void check_dataset(const Dataset& dataset) {
  check_table(dataset.users, "users");
  check_table(dataset.items, "items");
  expect_length(dataset.item_available_from.size(), dataset.items.size(), "items", "available_from");
  expect_length(dataset.item_available_to.size(), dataset.items.size(), "items", "available_to");
  for (std::size_t row = 0; row < dataset.items.size(); ++row) {
    if (dataset.item_available_from[row] >= dataset.item_available_to[row]) {
      fail("items", fmt::format("item {} is never available (from {} to {})", dataset.items.ids[row],
                                dataset.item_available_from[row], dataset.item_available_to[row]));
    }
  }
  check_interactions(dataset);
}

std::string content_checksum(const Dataset& dataset) {
  ContentChecksum sum;
  sum.add(dataset.users, "users");
  sum.add(dataset.items, "items");
  sum.add("items/available_from", dataset.item_available_from);
  sum.add("items/available_to", dataset.item_available_to);
  sum.add("interactions/user", dataset.interactions.user);
  sum.add("interactions/item", dataset.interactions.item);
  sum.add("interactions/rating", dataset.interactions.rating);
  sum.add("interactions/timestamp", dataset.interactions.timestamp);
  return sum.hex();
}

}  // namespace coldframe
