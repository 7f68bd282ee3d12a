#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/reporting/acceptance.h"

namespace coldframe {

/// Bounds of one subject: a run folder, a report, a simulation record.
struct AcceptanceSuite {
  std::string name;
  std::vector<AcceptanceResult> results;
};

/// Text as XML character data or as the value of an attribute. What XML 1.0 has no place for (control characters, bytes
/// that are no UTF-8) becomes U+FFFD.
std::string xml_escaped(std::string_view text);

/// The suites as JUnit XML, in the form that Ant's JUnit task writes and GitHub, GitLab and Jenkins read: one
/// `testsuite` per subject, one `testcase` per bound, `failure` for a missed and `error` for an undecided one, so that
/// neither is taken for a pass. `classname` is the command, times are 0: a bound takes none. The three facts come from
/// the caller; `timestamp` is "2026-11-22T13:46:05".
std::string junit_xml(std::string_view command, std::span<const AcceptanceSuite> suites, std::string_view host,
                      std::string_view timestamp);

}  // namespace coldframe
