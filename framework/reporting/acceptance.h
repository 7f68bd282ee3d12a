#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/config.h"
#include "framework/core/error.h"
#include "framework/evaluation/non_inferiority.h"
#include "framework/reporting/measures.h"

namespace coldframe {

// Acceptance bounds, the lines of `[expect]` (docs/guide/ci.md):
//   MEASURE = OP NUMBER              OP is >=, >, <= or <; MEASURE may end in .low or .high, the ends of its interval
//   MEASURE = within M of RUN        not worse than RUN by more than M, a number or a share ("2 %"); paired by user

/// What became of a bound. Undecided: the number has no value or the interval of a comparison covers the margin.
enum class Acceptance { met, missed, undecided };
std::string_view to_string(Acceptance outcome);

struct AcceptanceResult {
  std::string measure;
  std::string bound;  // ">= 0.30"
  std::string found;  // "0.2333 [0.2101, 0.2570]"
  Acceptance outcome = Acceptance::undecided;
  std::string reason;  // of what is not met; empty otherwise
};

/// The measures of the run that a bound names, checked to be comparable with the present one.
using ReferenceMeasures = std::function<const Measures&(const std::string& run)>;

/// Checks the bounds that concern a command: those whose first word is one of `words` ("evaluation", "cost").
/// ConfigError with the nearest name for an unknown measure, for a bound that does not parse, for `.low` of a number
/// without an interval and for `within` of a measure that is no mean over users.
std::vector<AcceptanceResult> check_expectations(std::span<const FreeValue> bounds, std::span<const std::string> words,
                                                 const Measures& measures, const ReferenceMeasures& reference,
                                                 const NonInferiorityRules& rules);

/// What is wrong with a bound as it stands, before there is a number: its first word or its form. Nothing when it is
/// fine.
std::optional<Problem> expectation_problem(const FreeValue& line);

/// Missed when one is missed, otherwise undecided when one is undecided, otherwise done.
ExitCode exit_code(std::span<const AcceptanceResult> results);

/// One line per bound, a count, and why for each that is not met. Empty without bounds.
std::string acceptance_text(std::span<const AcceptanceResult> results);

}  // namespace coldframe
