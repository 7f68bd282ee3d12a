#include "framework/simulation/ad_market.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <unordered_map>

#include "framework/core/error.h"
#include "framework/core/philox.h"
#include "framework/data/cell_values.h"
#include "framework/data/delimited_reader.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

constexpr double k_dearest = 1e6;  // sums of revenue over users stay within fixed point

std::size_t column(const std::filesystem::path& path, const Record& header, std::string_view name) {
  const auto at = std::ranges::find(header.fields, name);
  if (at != header.fields.end()) return static_cast<std::size_t>(at - header.fields.begin());
  throw DataError(fmt::format("{}: its columns are {}", path.string(), fmt::join(header.fields, ", ")),
                  fmt::format("{} is missing", name), "name item and price in the first line");
}

}  // namespace

AdMarket::AdMarket(const AdsOptions& options, const Dataset& items, std::uint64_t seed)
    : prices_(items.items.size(), 0.0), click_value_(options.click_value) {
  for (const std::int64_t position : options.positions) places_.push_back(static_cast<std::size_t>(position - 1));
  std::ranges::sort(places_);
  if (options.prices.empty()) {
    draw(options, items, seed);
  } else {
    read(options.prices, items);
  }
  for (std::uint32_t i = 0; i < prices_.size(); ++i) {
    if (prices_[i] > 0) inventory_.emplace_back(i);
  }
}

void AdMarket::draw(const AdsOptions& options, const Dataset& items, std::uint64_t seed) {
  const auto wanted = static_cast<std::size_t>(options.inventory);
  if (wanted > prices_.size()) {
    throw ConfigError(fmt::format("ads.inventory = {}", wanted),
                      fmt::format("the catalogue has {} items", prices_.size()), "lower it");
  }
  const KeyedRandom chosen(derived_seed(seed, "ad inventory"), Purpose::population);
  const KeyedRandom priced(derived_seed(seed, "ad prices"), Purpose::population);
  struct Lot {
    std::uint64_t word;
    std::uint32_t item;
    auto operator<=>(const Lot&) const = default;
  };
  std::vector<Lot> lots;
  for (std::uint32_t i = 0; i < prices_.size(); ++i) {
    const PhiloxBlock words = chosen.block(UserKey(items.item_key(ItemId(i))));
    lots.push_back({(std::uint64_t{words[0]} << 32) | words[1], i});
  }
  std::ranges::partial_sort(lots, lots.begin() + static_cast<std::ptrdiff_t>(wanted));
  for (std::size_t k = 0; k < wanted; ++k) {
    const std::uint32_t item = lots[k].item;
    const PhiloxBlock words = priced.block(UserKey(items.item_key(ItemId(item))));
    prices_[item] = options.median_price * std::exp(options.price_sigma * standard_normals(words[0], words[1])[0]);
  }
}

void AdMarket::read(const std::filesystem::path& path, const Dataset& items) {
  std::unordered_map<std::string, std::uint32_t> rows;
  for (std::uint32_t i = 0; i < items.items.size(); ++i) rows.emplace(items.items.ids[i], i);
  DelimitedReader lines(path);
  Record line;
  if (!lines.next(line)) throw DataError(fmt::format("{} is empty", path.string()), "it holds no price");
  const std::size_t width = line.fields.size(), item = column(path, line, "item"), price = column(path, line, "price");
  const auto fail = [&](std::string_view why, std::string_view suggestion) {
    throw DataError(fmt::format("{}:{}", path.string(), line.line), why, suggestion);
  };
  bool any = false;
  while (lines.next(line)) {
    if (!line.problem.empty()) fail(line.problem, "correct the row");
    if (line.fields.size() != width)
      fail(fmt::format("{} fields, the header has {}", line.fields.size(), width), "correct the row");
    const auto known = rows.find(line.fields[item]);
    if (known == rows.end()) {
      fail(fmt::format("item '{}' is not in the data set", line.fields[item]), "use the ids of data.path");
    }
    const std::optional<double> value = parse_number(line.fields[price]);
    if (!value || !std::isfinite(*value) || !(*value > 0)) {
      fail(fmt::format("price = '{}' is no number above 0", line.fields[price]), "leave out what nobody pays for");
    }
    if (*value > k_dearest) fail(fmt::format("price = {} is above {}", *value, k_dearest), "use a larger currency");
    if (prices_[known->second] > 0)
      fail(fmt::format("item '{}' has a price already", line.fields[item]), "remove a row");
    prices_[known->second] = *value;
    any = true;
  }
  if (!any) throw DataError(fmt::format("{} names no item", path.string()), "nothing could be shown", "add rows");
}

}  // namespace coldframe
