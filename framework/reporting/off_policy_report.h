#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "framework/evaluation/off_policy.h"

namespace coldframe {

/// What a log says about one policy.
struct OffPolicyResult {
  std::string policy;
  std::vector<OffPolicyEstimate> estimates;

  /// Whether any estimate may be used. The direct method does not count: nothing about a log could ever refuse it.
  bool decided() const;
};

struct OffPolicyFacts {
  std::string log;             // path
  std::string logging_policy;  // name, empty when unknown
  std::string digest;          // of all impressions
  std::size_t users = 0;
  std::size_t users_left_out = 0;
  std::size_t pages = 0;
  OffPolicyEstimate logged;  // clicks per page of the policy that wrote the log
  double level = 0.95;
  bool sold_places = false;  // clicks are those on the places that were not sold
};

/// The table `off-policy` in the form of report.h, with `facts` (among them the names `undecided`) and `limits`.
/// Refused estimates keep their numbers, so that one sees how far off they may be, beside the reason why they must not
/// be used.
nlohmann::json off_policy_report(const OffPolicyFacts& facts, std::span<const OffPolicyResult> results);

/// Table and limits for a terminal.
std::string off_policy_text(const nlohmann::json& report);

}  // namespace coldframe
