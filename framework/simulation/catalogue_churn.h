#pragma once

#include <cstdint>
#include <vector>

#include "framework/core/options.h"
#include "framework/simulation/catalogue.h"

namespace coldframe {

/// The `[catalogue_churn]` section: items come and go while newcomers arrive (assumed). New items (data.new_item_share:
/// nobody of roles T and V liked them) arrive at the start of a period, drawn by keyed hash of the item from
/// `arrive_over_periods` periods from `arrive_at_period` on; period 0 is there from the beginning. `leave_share` of the
/// other items leave in the same way.
struct CatalogueChurnOptions final : Options {
  std::int64_t arrive_at_period = 0;
  std::int64_t arrive_over_periods = 1;
  double leave_share = 0.0;
  std::int64_t leave_at_period = 1;
  std::int64_t leave_over_periods = 1;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
  bool arrives() const { return arrive_at_period > 0 || arrive_over_periods > 1; }
};

/// The clock of periods: period p begins at start + p * seconds.
struct PeriodClock {
  std::int64_t start = 0;
  double seconds = 0;
  std::int64_t begin(std::int64_t period) const;
};

/// The catalogue with these items new [I] (empty: none) and the comings and goings of the options, beside those it has.
Catalogue churned(const Catalogue& catalogue, const std::vector<bool>& new_items, const CatalogueChurnOptions& options,
                  const PeriodClock& clock, std::uint64_t seed);

}  // namespace coldframe
