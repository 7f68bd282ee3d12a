#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "framework/core/ids.h"
#include "framework/data/dataset.h"
#include "framework/simulation/ads_options.h"

namespace coldframe {

/// Which places are sold, and what is paid for a click on which item (assumed). Without a file, `inventory` items are
/// drawn by keyed hash, a smaller number a part of a larger one, and price_i = median_price e^(price_sigma n_i) with
/// standard normal n_i keyed by item: none of the three settings moves the draws of another. Thread-safety: const.
class AdMarket {
 public:
  /// ConfigError for an inventory larger than the catalogue; DataError for a file of prices with unknown or repeated
  /// items, prices that are none or not above 0, naming file and line.
  AdMarket(const AdsOptions& options, const Dataset& items, std::uint64_t seed);

  /// From 0, ascending.
  std::span<const std::size_t> places() const { return places_; }
  /// Ascending.
  std::span<const ItemId> inventory() const { return inventory_; }
  /// Of a click; 0 for an item that nobody pays for.
  double price(ItemId item) const { return prices_[item.value()]; }
  double click_value() const { return click_value_; }

 private:
  void draw(const AdsOptions& options, const Dataset& items, std::uint64_t seed);
  void read(const std::filesystem::path& path, const Dataset& items);

  std::vector<std::size_t> places_;
  std::vector<ItemId> inventory_;
  std::vector<double> prices_;  // [I]
  double click_value_;
};

}  // namespace coldframe
