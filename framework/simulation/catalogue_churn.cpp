#include "framework/simulation/catalogue_churn.h"

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/simulation/random_layout.h"

namespace coldframe {
namespace {

/// A period drawn from `over` periods from `at` on.
std::int64_t drawn_period(std::uint32_t word, std::int64_t at, std::int64_t over) {
  return at + uniform_below(word, static_cast<std::uint32_t>(over));
}

}  // namespace

void CatalogueChurnOptions::describe(OptionVisitor& v) {
  v.visit({.name = "arrive_at_period",
           .doc = "first period in which new items (data.new_item_share) arrive; 0: they are there from the beginning "
                  "(assumed)",
           .minimum = 0,
           .maximum = 1e6},
          arrive_at_period);
  v.visit({.name = "arrive_over_periods",
           .doc = "periods over which they arrive, each in one of them (assumed)",
           .minimum = 1,
           .maximum = 10000},
          arrive_over_periods);
  v.visit({.name = "leave_share", .doc = "share of the other items that leave (assumed)", .minimum = 0, .maximum = 1},
          leave_share);
  v.visit({.name = "leave_at_period", .doc = "first period in which they are gone", .minimum = 1, .maximum = 1e6},
          leave_at_period);
  v.visit({.name = "leave_over_periods",
           .doc = "periods over which they leave, each in one of them",
           .minimum = 1,
           .maximum = 10000},
          leave_over_periods);
}

std::vector<Problem> CatalogueChurnOptions::validate() const {
  if (leave_share > 0 || (leave_at_period == 1 && leave_over_periods == 1)) return {};
  return {{leave_at_period != 1 ? "leave_at_period" : "leave_over_periods",
           "(has no effect while catalogue_churn.leave_share = 0) say how many items leave"}};
}

std::int64_t PeriodClock::begin(std::int64_t period) const {
  return start + static_cast<std::int64_t>(std::floor(static_cast<double>(period) * seconds));
}

Catalogue churned(const Catalogue& catalogue, const std::vector<bool>& new_items, const CatalogueChurnOptions& options,
                  const PeriodClock& clock, std::uint64_t seed) {
  CF_EXPECTS(new_items.empty() || new_items.size() == catalogue.size());
  const KeyedRandom arriving(derived_seed(seed, "arriving items"), Purpose::population);
  const KeyedRandom leaving(derived_seed(seed, "leaving items"), Purpose::population);
  std::vector<std::int64_t> from = catalogue.from(), to = catalogue.to();
  for (std::size_t i = 0; i < catalogue.size(); ++i) {
    const UserKey item(catalogue.keys()[i]);
    if (!new_items.empty() && new_items[i]) {
      const std::int64_t period =
          drawn_period(arriving.block(item)[0], options.arrive_at_period, options.arrive_over_periods);
      if (period > 0) from[i] = std::max(from[i], clock.begin(period));
    } else if (leaving.uniform(item) < options.leave_share) {
      const PhiloxBlock words = leaving.block(item, 0, 0, 1);
      to[i] = std::min(to[i], clock.begin(drawn_period(words[0], options.leave_at_period, options.leave_over_periods)));
    }
  }
  return Catalogue(catalogue.keys(), std::move(from), std::move(to), new_items);
}

}  // namespace coldframe
