#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace coldframe {

// Fairness of yes/no decisions (selected or not) against outcomes (positive or not) over groups; a row is a decision.
// For ranked slates a row is a (user, item) pair and "selected" means in the user's top K.

/// Sums over the rows of one group; sums over users may be added up.
struct DecisionCounts {
  std::uint64_t rows = 0;
  std::uint64_t selected = 0;
  std::uint64_t positives = 0;
  std::uint64_t true_positives = 0;  // selected and positive

  std::optional<double> selection_rate() const;       // selected / rows
  std::optional<double> true_positive_rate() const;   // empty for a group without positives
  std::optional<double> false_positive_rate() const;  // empty for a group without negatives
  DecisionCounts& operator+=(const DecisionCounts& other);
};

/// group: of each row, below `groups`.
std::vector<DecisionCounts> decision_counts(std::span<const std::uint8_t> positive,
                                            std::span<const std::uint8_t> selected,
                                            std::span<const std::uint32_t> group, std::size_t groups);

/// Largest - smallest rate over the groups that have one; groups without are listed by the caller, never counted.
struct RateGap {
  std::optional<double> difference;  // empty below two groups with a rate
  std::optional<double> ratio;       // smallest / largest; empty when the largest is 0
  std::vector<std::size_t> without_rate;
};

enum class Rate { selection, true_positive, false_positive };
RateGap rate_gap(std::span<const DecisionCounts> groups, Rate rate);

/// Equalised odds: the larger of the gaps of true and false positive rates. Empty when neither has a gap.
std::optional<double> equalised_odds_difference(std::span<const DecisionCounts> groups);

// Fairlearn's convention (0.15): a group without positives has true positive rate 0, without negatives false positive
// rate 0.
enum class Against { each_other, overall };  // its method = "between_groups" | "to_overall"
enum class OddsMean { worst, mean };         // its agg = "worst_case" | "mean"

double fairlearn_difference(std::span<const DecisionCounts> groups, Rate rate, Against against = Against::each_other);
/// between_groups: min / max; to_overall: min over groups of min(r / all, all / r). NaN for 0/0, as there.
double fairlearn_ratio(std::span<const DecisionCounts> groups, Rate rate, Against against = Against::each_other);
double fairlearn_equalized_odds_difference(std::span<const DecisionCounts> groups,
                                           Against against = Against::each_other, OddsMean mean = OddsMean::worst);
double fairlearn_equalized_odds_ratio(std::span<const DecisionCounts> groups, Against against = Against::each_other,
                                      OddsMean mean = OddsMean::worst);

// AIF360's convention (0.6): signed, unprivileged - privileged; a group without positives or negatives gives NaN.
double aif360_statistical_parity_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged);
double aif360_disparate_impact(const DecisionCounts& unprivileged, const DecisionCounts& privileged);
double aif360_equal_opportunity_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged);
double aif360_average_odds_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged);
double aif360_average_abs_odds_difference(const DecisionCounts& unprivileged, const DecisionCounts& privileged);
/// Largest |log ratio| over pairs of groups and both outcomes of the rates (selected + c/2) / (rows + c), c = 1.
double aif360_smoothed_differential_fairness(std::span<const DecisionCounts> groups, double concentration = 1.0);

}  // namespace coldframe
