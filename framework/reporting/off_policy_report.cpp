#include "framework/reporting/off_policy_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/reporting/report_parts.h"
#include "framework/reporting/table_text.h"

namespace coldframe {
namespace {

using Json = nlohmann::json;

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json value_of(const OffPolicyEstimate& estimate) {
  return {{"value", number_or_null(estimate.value)},
          {"low", number_or_null(estimate.interval.low)},
          {"high", number_or_null(estimate.interval.high)}};
}

Json row_of(const std::string& policy, const OffPolicyEstimate& estimate) {
  return {{"policy", policy},
          {"estimator", to_string(estimate.estimator)},
          {"clicks", value_of(estimate)},
          {"largest", number_or_null(estimate.weights.largest)},
          {"effective", std::llround(estimate.weights.effective_sample)},
          {"mean_weight", number_or_null(estimate.weights.mean)},
          {"refused", estimate.refusal.empty() ? Json() : Json(estimate.refusal)}};
}

Json estimate_table(const OffPolicyFacts& facts, std::span<const OffPolicyResult> results) {
  TableBuilder table(
      "off-policy", "Clicks per page that a policy would have had on the pages of the log",
      fmt::format("{:.3g} % intervals over users; the first row is what the logging policy had; a refused "
                  "estimate must not be used",
                  100 * facts.level));
  table.column("policy", "policy").column("estimator", "estimator").column("clicks", "clicks/page");
  table.column("largest", "largest weight")
      .column("effective", "effective sample")
      .column("mean_weight", "mean weight");
  table.column("refused", "refused");
  table.row({{"policy", facts.logging_policy.empty() ? "logged" : facts.logging_policy},
             {"estimator", "logged"},
             {"clicks", value_of(facts.logged)},
             {"effective", facts.pages}});
  for (const OffPolicyResult& result : results) {
    for (const OffPolicyEstimate& estimate : result.estimates) table.row(row_of(result.policy, estimate));
  }
  return table.take();
}

bool holds(std::span<const OffPolicyResult> results, OffPolicyEstimator estimator) {
  return std::ranges::any_of(results, [&](const OffPolicyResult& result) {
    return std::ranges::any_of(result.estimates, [&](const auto& e) { return e.estimator == estimator; });
  });
}

std::vector<std::string> limits_of(const OffPolicyFacts& facts, std::span<const OffPolicyResult> results) {
  std::vector<std::string> limits = {
      "every page is a question of its own, with the history and candidates of the log: what a policy would have "
      "changed on later pages is in no estimate",
      "the direct method is as wrong as its model of clicks by position and item, and nothing here shows how wrong"};
  if (facts.sold_places) {
    limits.emplace_back(
        "clicks are those on places that were not sold; on the others stands what the rule of the log would put there");
    limits.emplace_back("no RIPS: ads above a place were chosen with what stands below it in view");
  } else {
    limits.emplace_back("RIPS holds where a position does not depend on what is below it");
  }
  if (holds(results, OffPolicyEstimator::iips)) {
    limits.emplace_back(
        "IIPS holds only where positions do not depend on one another: not where users stop at a click");
  } else {
    limits.emplace_back("no IIPS: the probability of an item at a position has no closed form for both policies");
  }
  if (facts.users_left_out > 0) {
    limits.push_back(fmt::format("{} users are left out: policies learned from them", facts.users_left_out));
  }
  return limits;
}

}  // namespace

bool OffPolicyResult::decided() const {
  return std::ranges::any_of(
      estimates, [](const OffPolicyEstimate& e) { return e.estimator != OffPolicyEstimator::direct && e.usable(); });
}

nlohmann::json off_policy_report(const OffPolicyFacts& facts, std::span<const OffPolicyResult> results) {
  Json undecided = Json::array();
  for (const OffPolicyResult& result : results) {
    if (!result.decided()) undecided.push_back(result.policy);
  }
  return {{"facts",
           {{"log", facts.log},
            {"logging_policy", facts.logging_policy},
            {"impressions_digest", facts.digest},
            {"users", facts.users},
            {"users_left_out", facts.users_left_out},
            {"pages", facts.pages},
            {"level", facts.level},
            {"sold_places", facts.sold_places},
            {"undecided", undecided}}},
          {"tables", Json::array({estimate_table(facts, results)})},
          {"limits", limits_of(facts, results)}};
}

std::string off_policy_text(const nlohmann::json& report) {
  const Json& facts = report.at("facts");
  const auto logging = facts.at("logging_policy").get<std::string>();
  std::string text = fmt::format("{}: {} pages of {} users, chosen by {}\n\n", facts.at("log").get<std::string>(),
                                 facts.at("pages").get<std::size_t>(), facts.at("users").get<std::size_t>(),
                                 logging.empty() ? "an unnamed policy" : logging);
  for (const Json& table : report.at("tables")) text += table_text(table);
  text += "\nlimits\n";
  for (const Json& limit : report.at("limits")) text += fmt::format("  {}\n", limit.get<std::string>());
  for (const Json& policy : facts.at("undecided")) {
    text +=
        fmt::format("undecided: this log carries no estimate of {}; log more pages, or with a policy closer to it\n",
                    policy.get<std::string>());
  }
  return text;
}

}  // namespace coldframe
