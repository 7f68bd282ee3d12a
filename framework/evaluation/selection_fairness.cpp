#include "framework/evaluation/selection_fairness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();

std::optional<double> share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::optional<double> rate_of(const DecisionCounts& counts, Rate rate) {
  switch (rate) {
    case Rate::selection:
      return counts.selection_rate();
    case Rate::true_positive:
      return counts.true_positive_rate();
    case Rate::false_positive:
      return counts.false_positive_rate();
  }
  return std::nullopt;
}

DecisionCounts together(std::span<const DecisionCounts> groups) {
  DecisionCounts all;
  for (const DecisionCounts& group : groups) all += group;
  return all;
}

std::vector<double> fairlearn_rates(std::span<const DecisionCounts> groups, Rate rate) {
  if (groups.empty()) throw DataError("no group to compare", "fairness needs groups");
  std::vector<double> rates;
  for (const DecisionCounts& group : groups) rates.push_back(rate_of(group, rate).value_or(0.0));
  return rates;
}

double signed_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged, Rate rate) {
  return rate_of(unprivileged, rate).value_or(k_nan) - rate_of(privileged, rate).value_or(k_nan);
}

}  // namespace

std::optional<double> DecisionCounts::selection_rate() const { return share(selected, rows); }
std::optional<double> DecisionCounts::true_positive_rate() const { return share(true_positives, positives); }
std::optional<double> DecisionCounts::false_positive_rate() const {
  return share(selected - true_positives, rows - positives);
}

DecisionCounts& DecisionCounts::operator+=(const DecisionCounts& other) {
  rows += other.rows;
  selected += other.selected;
  positives += other.positives;
  true_positives += other.true_positives;
  return *this;
}

std::vector<DecisionCounts> decision_counts(std::span<const std::uint8_t> positive,
                                            std::span<const std::uint8_t> selected,
                                            std::span<const std::uint32_t> group, std::size_t groups) {
  if (positive.size() != selected.size() || positive.size() != group.size()) {
    throw DataError("decisions, outcomes and groups differ in number", "every row needs all three");
  }
  std::vector<DecisionCounts> counts(groups);
  for (std::size_t row = 0; row < group.size(); ++row) {
    if (group[row] >= groups) {
      throw DataError(fmt::format("row {} is of group {}", row, group[row]),
                      fmt::format("there are {} groups", groups));
    }
    const std::uint64_t is_selected = selected[row] != 0, is_positive = positive[row] != 0;
    counts[group[row]] += {1, is_selected, is_positive, is_selected * is_positive};
  }
  return counts;
}

RateGap rate_gap(std::span<const DecisionCounts> groups, Rate rate) {
  RateGap gap;
  std::vector<double> rates;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (const std::optional<double> value = rate_of(groups[g], rate)) {
      rates.push_back(*value);
    } else {
      gap.without_rate.push_back(g);
    }
  }
  if (rates.size() < 2) return gap;
  const auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  gap.difference = *high - *low;
  if (*high > 0.0) gap.ratio = *low / *high;
  return gap;
}

std::optional<double> equalised_odds_difference(std::span<const DecisionCounts> groups) {
  const auto hits = rate_gap(groups, Rate::true_positive).difference;
  const auto alarms = rate_gap(groups, Rate::false_positive).difference;
  if (!hits) return alarms;
  return alarms ? std::max(*hits, *alarms) : *hits;
}

double fairlearn_difference(std::span<const DecisionCounts> groups, Rate rate, Against against) {
  const std::vector<double> rates = fairlearn_rates(groups, rate);
  const auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  if (against == Against::each_other) return *high - *low;
  const double overall = rate_of(together(groups), rate).value_or(0.0);
  return std::max(*high - overall, overall - *low);
}

double fairlearn_ratio(std::span<const DecisionCounts> groups, Rate rate, Against against) {
  const std::vector<double> rates = fairlearn_rates(groups, rate);
  const auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  if (against == Against::each_other) return *low / *high;
  const double overall = rate_of(together(groups), rate).value_or(0.0);
  return std::min(*low / overall, overall / *high);
}

double fairlearn_equalized_odds_difference(std::span<const DecisionCounts> groups, Against against, OddsMean mean) {
  const double hits = fairlearn_difference(groups, Rate::true_positive, against);
  const double alarms = fairlearn_difference(groups, Rate::false_positive, against);
  return mean == OddsMean::worst ? std::max(hits, alarms) : 0.5 * (hits + alarms);
}

double fairlearn_equalized_odds_ratio(std::span<const DecisionCounts> groups, Against against, OddsMean mean) {
  const double hits = fairlearn_ratio(groups, Rate::true_positive, against);
  const double alarms = fairlearn_ratio(groups, Rate::false_positive, against);
  return mean == OddsMean::worst ? std::min(hits, alarms) : 0.5 * (hits + alarms);
}

double aif360_statistical_parity_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged) {
  return signed_difference(unprivileged, privileged, Rate::selection);
}

double aif360_disparate_impact(const DecisionCounts& unprivileged, const DecisionCounts& privileged) {
  return unprivileged.selection_rate().value_or(k_nan) / privileged.selection_rate().value_or(k_nan);
}

double aif360_equal_opportunity_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged) {
  return signed_difference(unprivileged, privileged, Rate::true_positive);
}

double aif360_average_odds_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged) {
  return 0.5 * (signed_difference(unprivileged, privileged, Rate::false_positive) +
                signed_difference(unprivileged, privileged, Rate::true_positive));
}

double aif360_average_abs_odds_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged) {
  return 0.5 * (std::abs(signed_difference(unprivileged, privileged, Rate::false_positive)) +
                std::abs(signed_difference(unprivileged, privileged, Rate::true_positive)));
}

double aif360_smoothed_differential_fairness(std::span<const DecisionCounts> groups, double concentration) {
  double low = 1.0, high = 0.0;
  for (const DecisionCounts& group : groups) {
    const double rate =
        (static_cast<double>(group.selected) + 0.5 * concentration) / (static_cast<double>(group.rows) + concentration);
    low = std::min(low, rate);
    high = std::max(high, rate);
  }
  return std::max(std::log(high) - std::log(low), std::log(1.0 - low) - std::log(1.0 - high));
}

}  // namespace coldframe
