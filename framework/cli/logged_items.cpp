#include "framework/cli/logged_items.h"

#include <fmt/format.h>

#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "framework/core/error.h"

namespace coldframe {

void take_items_of(const Dataset& data, Dataset& log, ImpressionLog& shown) {
  if (log.items.ids == data.items.ids) return;
  std::unordered_map<std::string_view, std::uint32_t> rows;
  for (std::uint32_t i = 0; i < data.items.size(); ++i) rows.emplace(data.items.ids[i], i);
  std::vector<ItemId> row_of;
  std::vector<std::int64_t> from = data.item_available_from, to = data.item_available_to;
  for (std::size_t i = 0; i < log.items.size(); ++i) {
    const auto found = rows.find(log.items.ids[i]);
    if (found == rows.end()) {
      throw DataError(fmt::format("the log shows item '{}'", log.items.ids[i]), "data.path has no such item",
                      "give the data set whose items were shown");
    }
    row_of.emplace_back(found->second);
    if (log.item_available_from[i] != Dataset::k_always) from[found->second] = log.item_available_from[i];
    if (log.item_available_to[i] != Dataset::k_forever) to[found->second] = log.item_available_to[i];
  }
  log.items = data.items;
  log.item_available_from = std::move(from);
  log.item_available_to = std::move(to);
  for (ItemId& item : log.interactions.item) item = row_of[item.value()];
  for (ItemId& item : shown.item) item = row_of[item.value()];
  sort_interactions(log);
}

}  // namespace coldframe
