#include "framework/data/new_items.h"

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/core/philox.h"

namespace coldframe {
namespace {

template <class Value>
void keep(std::vector<Value>& column, const std::vector<std::size_t>& rows) {
  if (column.empty()) return;
  for (std::size_t at = 0; at < rows.size(); ++at) column[at] = column[rows[at]];
  column.resize(rows.size());
}

}  // namespace

std::vector<bool> choose_new_items(const Dataset& dataset, double share, std::uint64_t seed) {
  if (share == 0) return {};
  const KeyedRandom random(combine_hash(seed, stable_hash("new items")), Purpose::subsample);
  std::vector<bool> chosen(dataset.items.size());
  for (std::uint32_t i = 0; i < chosen.size(); ++i) {
    chosen[i] = random.uniform(UserKey(dataset.item_key(ItemId(i)))) < share;
  }
  return chosen;
}

std::size_t withhold_new_items(Dataset& dataset, const Roles& roles, const std::vector<bool>& new_items) {
  if (new_items.empty()) return 0;
  CF_EXPECTS(new_items.size() == dataset.items.size());
  Interactions& log = dataset.interactions;
  const std::size_t before = log.size();
  std::vector<std::size_t> rows;
  for (std::size_t row = 0; row < before; ++row) {
    const Role role = roles.of(log.user[row]);
    const bool learns = role == Role::train || role == Role::validate;
    if (!learns || !new_items[log.item[row].value()]) rows.push_back(row);
  }
  keep(log.user, rows);
  keep(log.item, rows);
  keep(log.rating, rows);
  keep(log.timestamp, rows);
  return before - log.size();
}

}  // namespace coldframe
