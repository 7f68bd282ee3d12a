#include "framework/cli/ad_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/cli/simulated_rows.h"
#include "framework/cli/simulation_text.h"
#include "framework/simulation/policy_name.h"

namespace coldframe {
namespace {

constexpr double k_pages = 1000;  // revenue is told per so many

double value(std::int64_t fixed) { return static_cast<double>(fixed) * FixedSum::k_unit; }

bool has_ads(const PolicyOutcome& policy) {
  return std::ranges::any_of(policy.places, [](const PlaceCounts& place) { return place.ads > 0; });
}

struct Totals {
  double revenue = 0, expected_revenue = 0, ad_clicks = 0, ad_expected = 0;
};

Totals totals(const PolicyOutcome& policy) {
  Totals sum;
  for (const PlaceCounts& place : policy.places) {
    sum.revenue += place.revenue.value();
    sum.expected_revenue += place.expected_revenue.value();
    sum.ad_clicks += static_cast<double>(place.ad_clicks);
    sum.ad_expected += place.ad_expected.value();
  }
  return sum;
}

double per_page(double sum, const PolicyOutcome& policy) {
  return policy.pages == 0 ? 0.0 : sum / static_cast<double>(policy.pages);
}

std::string with_interval(double number, const Estimate* estimate, double scale, int digits) {
  if (estimate == nullptr || !estimate->interval) return fmt::format("{:.{}f}", scale * number, digits);
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", scale * number, digits, scale * estimate->interval->low, digits,
                     scale * estimate->interval->high, digits);
}

std::string policy_lines(const ReplayResult& result, const AdRates* rates) {
  using Measure = AdRates::Measure;
  const std::size_t width = name_width(result);
  std::string text =
      fmt::format("\n{:<{}}{:>12}  {:<28}{:>12}  {:<26}{}\n", "ads", width, "revenue", "expected, per 1,000 pages",
                  "organic", "relevance", rates != nullptr ? "clicks lost by ads" : "");
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    const PolicyOutcome& policy = result.policies[p];
    const Totals sum = totals(policy);
    const auto estimate = [&](Measure measure) { return rates == nullptr ? Estimate{} : rates->rate(p, measure); };
    const Estimate revenue = estimate(Measure::revenue), relevance = estimate(Measure::relevance);
    text += fmt::format("{:<{}}{:>12.3f}  {:<28}{:>12.4f}  {:<26}", policy.policy, width,
                        k_pages * per_page(sum.revenue, policy),
                        with_interval(per_page(sum.expected_revenue, policy), &revenue, k_pages, 3),
                        per_page(policy.expected.value() - sum.ad_expected, policy),
                        with_interval(per_page(policy.relevance.value(), policy), &relevance, 1, 4));
    const std::size_t base = without_ads(result, p);
    if (rates != nullptr && base < result.policies.size()) {
      text += interval_text(rates->difference(base, p, Measure::clicks));
    }
    text += '\n';
  }
  return text;
}

std::string place_lines(const ReplayResult& result) {
  std::string text;
  for (const PolicyOutcome& policy : result.policies) {
    if (!has_ads(policy)) continue;
    text += fmt::format("\n{}\n  {:>5}{:>10}{:>16}{:>12}{:>22}{:>12}\n", policy.policy, "place", "sold",
                        "click-through", "expected", "revenue per 1,000", "expected");
    for (std::size_t k = 0; k < policy.places.size(); ++k) {
      const PlaceCounts& place = policy.places[k];
      const auto shown = static_cast<double>(place.shown);
      text += fmt::format("  {:>5}{:>8.1f} %{:>14.3f} %{:>10.3f} %{:>22.3f}{:>12.3f}\n", k + 1,
                          100 * static_cast<double>(place.ads) / shown, 100 * static_cast<double>(place.clicks) / shown,
                          100 * place.expected.value() / shown, k_pages * place.revenue.value() / shown,
                          k_pages * place.expected_revenue.value() / shown);
    }
  }
  return text;
}

nlohmann::json json_of(double number, const Estimate& estimate, double scale) {
  nlohmann::json json = {{"value", scale * number}};
  if (estimate.interval) json["interval"] = {scale * estimate.interval->low, scale * estimate.interval->high};
  return json;
}

nlohmann::json places_json(const PolicyOutcome& policy) {
  nlohmann::json places = nlohmann::json::array();
  for (const PlaceCounts& place : policy.places) {
    places.push_back({{"shown", place.shown},
                      {"clicks", place.clicks},
                      {"expected", place.expected.value()},
                      {"ads", place.ads},
                      {"ad_clicks", place.ad_clicks},
                      {"ad_expected", place.ad_expected.value()},
                      {"revenue", place.revenue.value()},
                      {"expected_revenue", place.expected_revenue.value()}});
  }
  return places;
}

}  // namespace

AdRates::AdRates(std::size_t policies, const BootstrapOptions& options)
    : policies_(policies), options_(options), sums_(k_columns * policies, options) {}

PairedBootstrap::Ratio AdRates::ratio(std::size_t policy, Measure measure) {
  return {k_columns * policy + 1 + static_cast<std::size_t>(measure), k_columns * policy};
}

void AdRates::add(const ReplayResult& part) {
  std::vector<double> values(k_columns * policies_);
  for (std::size_t u = 0; u < part.policies.front().ads.size(); ++u) {
    for (std::size_t p = 0; p < policies_; ++p) {
      const UserRow& row = part.policies[p].users[u];
      const UserAds& user = part.policies[p].ads[u];
      values[k_columns * p] = row.pages;
      values[ratio(p, Measure::revenue).numerator] = value(user.expected_revenue);
      values[ratio(p, Measure::clicks).numerator] = value(row.expected);
      values[ratio(p, Measure::organic).numerator] = value(user.organic);
      values[ratio(p, Measure::relevance).numerator] = value(user.relevance);
    }
    sums_.add(UserKey(part.policies.front().ads[u].user), values);
  }
}

void AdRates::gather(const Group& group) { sums_ = over_ranks(group, sums_, {k_columns * policies_, options_}); }

Estimate AdRates::rate(std::size_t policy, Measure measure) const {
  const PairedBootstrap::Ratio columns = ratio(policy, measure);
  return sums_.ratio(columns.numerator, columns.denominator);
}

Estimate AdRates::difference(std::size_t a, std::size_t b, Measure measure) const {
  return sums_.ratio_difference(ratio(a, measure), ratio(b, measure));
}

std::size_t without_ads(const ReplayResult& result, std::size_t policy) {
  // What stands behind the rules may be the name of a run, which is no policy's: the mistake is of no interest.
  const PolicyName parsed = parse_policy_name(result.policies[policy].policy).name;
  if (!parsed.ads) return result.policies.size();
  std::string name = parsed.without_ads();
  if (name == "informed_oracle") name = "informed oracle";
  return static_cast<std::size_t>(std::ranges::find(result.policies, name, &PolicyOutcome::policy) -
                                  result.policies.begin());
}

std::string ads_text(const ReplayResult& result, const AdRates* rates) {
  return policy_lines(result, rates) + place_lines(result);
}

nlohmann::json ads_json(const ReplayResult& result, const AdRates* rates) {
  using Measure = AdRates::Measure;
  nlohmann::json all;
  for (std::size_t p = 0; p < result.policies.size(); ++p) {
    const PolicyOutcome& policy = result.policies[p];
    const Totals sum = totals(policy);
    const auto estimate = [&](Measure measure) { return rates == nullptr ? Estimate{} : rates->rate(p, measure); };
    nlohmann::json& json = all[policy.policy];
    json["revenue_per_1000_pages"] = k_pages * per_page(sum.revenue, policy);
    json["expected_revenue_per_1000_pages"] =
        json_of(per_page(sum.expected_revenue, policy), estimate(Measure::revenue), k_pages);
    json["ad_clicks"] = sum.ad_clicks;
    json["organic_expected_per_page"] =
        json_of(per_page(policy.expected.value() - sum.ad_expected, policy), estimate(Measure::organic), 1);
    json["relevance"] = json_of(per_page(policy.relevance.value(), policy), estimate(Measure::relevance), 1);
    json["places"] = places_json(policy);
    const std::size_t base = without_ads(result, p);
    if (rates == nullptr || base == result.policies.size()) continue;
    for (const auto& [key, measure] :
         {std::pair{"clicks_lost_per_page", Measure::clicks}, {"relevance_lost", Measure::relevance}}) {
      const Estimate lost = rates->difference(base, p, measure);
      json[key] = json_of(lost.value, lost, 1);
    }
  }
  return all;
}

}  // namespace coldframe
