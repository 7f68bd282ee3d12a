#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// The `[ads]` section: places of a page that are sold (assumed: no log of likes knows prices). Policies named
/// `ads:RULE:POLICY` fill them (sponsored_policy.h); all others show pages without ads.
struct AdsOptions final : Options {
  std::vector<std::int64_t> positions;  // 1 = top; empty: none is sold
  std::int64_t inventory = 50;          // items that somebody pays for
  double median_price = 1.0;            // of a click
  double price_sigma = 1.0;             // standard deviation of its logarithm
  std::string prices;                   // file that names items and prices instead
  double click_value = 0.0;             // of any click to who places ads, in the currency of prices

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
  bool active() const { return !positions.empty(); }
};

}  // namespace coldframe
