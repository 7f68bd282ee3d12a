#include "framework/simulation/ads_options.h"

#include <fmt/format.h>

#include <algorithm>

namespace coldframe {

void AdsOptions::describe(OptionVisitor& v) {
  v.visit({.name = "positions", .doc = "places of a page that are sold, 1 = top; empty: none (assumed)"}, positions);
  v.visit({.name = "inventory",
           .doc = "items that somebody pays for, drawn by keyed hash (assumed)",
           .minimum = 1,
           .maximum = 1e6},
          inventory);
  v.visit({.name = "median_price",
           .doc = "median price of a click on one of them (assumed)",
           .minimum = 0,
           .maximum = 1e6,
           .minimum_exclusive = true},
          median_price);
  v.visit({.name = "price_sigma",
           .doc = "standard deviation of the logarithm of prices; 0: all are alike (assumed)",
           .minimum = 0,
           .maximum = 5},
          price_sigma);
  v.visit({.name = "prices",
           .doc = "CSV file with the columns item and price (per click) instead of a drawn inventory; empty: none"},
          prices);
  v.visit({.name = "click_value",
           .doc = "what a click on anything is worth to who places ads, in the currency of prices: 0 seeks revenue "
                  "alone, a large one clicks alone (assumed)",
           .minimum = 0,
           .maximum = 1e9},
          click_value);
}

std::vector<Problem> AdsOptions::validate() const {
  std::vector<std::int64_t> sorted = positions;
  std::ranges::sort(sorted);
  const auto twice = std::ranges::adjacent_find(sorted);
  if (twice != sorted.end()) {
    return {{"positions", fmt::format("holds {} twice (a place is sold once) name it once", *twice)}};
  }
  if (!sorted.empty() && sorted.front() < 1) {
    return {{"positions", fmt::format("holds {} (places count from 1) use 1 for the top", sorted.front())}};
  }
  return {};
}

}  // namespace coldframe
