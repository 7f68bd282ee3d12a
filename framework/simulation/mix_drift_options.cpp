#include "framework/simulation/mix_drift_options.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "framework/simulation/detail/drift_times.h"

namespace coldframe {

void MixDriftOptions::describe(OptionVisitor& v) {
  v.visit({.name = "kind",
           .doc = "how the mix of newcomers changes over periods (assumed)",
           .choices = {"none", "sudden", "gradual", "recurring"}},
          kind);
  v.visit(
      {.name = "weights",
       .doc = "weights of profiles after the change, beside 1 for all others, as in gender:F=3, age:18-24=0.5; those "
              "of several attributes multiply"},
      weights);
  detail::visit_drift_times(v, at_period, over_periods,
                            "gradual: length of the change; recurring: periods between changes");
}

std::vector<Problem> MixDriftOptions::validate() const {
  std::vector<Problem> problems;
  if (active() && weights.empty()) {
    problems.push_back(
        {"weights", "(is missing) say who comes more often, as in gender:F=3, or set mix_drift.kind = none"});
  }
  if (!active() && !weights.empty()) {
    problems.push_back({"weights", "(has no effect without mix_drift.kind) try kind = sudden"});
  }
  for (const std::string& text : weights) {
    if (parse_level_weight(text)) continue;
    problems.push_back({"weights", fmt::format("holds '{}' (no ATTRIBUTE:LEVEL=NUMBER) try gender:F=3", text)});
  }
  return problems;
}

double MixDriftOptions::weight(std::uint32_t period) const {
  return drift_weight(drift_kind(kind), period, at_period, over_periods);
}

std::optional<LevelWeight> parse_level_weight(std::string_view text) {
  const std::size_t colon = text.find(':'), sign = text.rfind('=');
  if (colon == std::string_view::npos || sign == std::string_view::npos || sign <= colon + 1 || colon == 0) return {};
  LevelWeight entry{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1, sign - colon - 1)), 0};
  const std::string_view number = text.substr(sign + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), entry.weight);
  if (error != std::errc() || end != number.data() + number.size()) return {};
  if (!(entry.weight >= 0) || std::isinf(entry.weight)) return {};
  return entry;
}

}  // namespace coldframe
