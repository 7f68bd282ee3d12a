#include "framework/simulation/world_drift_options.h"

#include <algorithm>
#include <iterator>

#include "framework/simulation/detail/drift_times.h"

namespace coldframe {
namespace {

constexpr std::string_view k_kinds[] = {"none", "sudden", "gradual", "incremental", "recurring"};  // as DriftKind

}  // namespace

void WorldDriftOptions::describe(OptionVisitor& v) {
  v.visit({.name = "kind",
           .doc = "how tastes of newcomers change over periods (assumed)",
           .choices = {"none", "sudden", "gradual", "incremental", "recurring"}},
          kind);
  v.visit({.name = "to", .doc = "the world that simulation.world changes to, as in topics-0"}, to);
  detail::visit_drift_times(v, at_period, over_periods,
                            "gradual and incremental: length of the change; recurring: periods between changes");
}

std::vector<Problem> WorldDriftOptions::validate() const {
  if (kind != "none" && to.empty()) {
    return {
        {"to", "(is missing) name the world that tastes change to, as in topics-0, or set world_drift.kind = none"}};
  }
  if (kind == "none" && !to.empty()) return {{"to", "(has no effect without world_drift.kind) try kind = sudden"}};
  return {};
}

DriftKind drift_kind(std::string_view name) {
  return static_cast<DriftKind>(std::find(std::begin(k_kinds), std::end(k_kinds), name) - std::begin(k_kinds));
}

double drift_weight(DriftKind kind, std::uint32_t period, std::int64_t at_period, std::int64_t over_periods) {
  const std::int64_t since = static_cast<std::int64_t>(period) - at_period;
  if (since < 0) return 0;
  switch (kind) {
    case DriftKind::sudden:
      return 1;
    case DriftKind::gradual:
    case DriftKind::incremental:
      return std::min(1.0, static_cast<double>(since + 1) / static_cast<double>(over_periods));
    case DriftKind::recurring:
      return (since / over_periods) % 2 == 0 ? 1 : 0;
    case DriftKind::none:
      break;
  }
  return 0;
}

}  // namespace coldframe
