#include "framework/simulation/detail/drift_times.h"

namespace coldframe::detail {

void visit_drift_times(OptionVisitor& visitor, std::int64_t& at_period, std::int64_t& over_periods,
                       std::string_view over_doc) {
  visitor.visit({.name = "at_period", .doc = "period in which the change begins", .minimum = 0, .maximum = 4e9},
                at_period);
  visitor.visit({.name = "over_periods", .doc = over_doc, .minimum = 1, .maximum = 10000}, over_periods);
}

}  // namespace coldframe::detail
