#pragma once

#include <span>
#include <string>
#include <vector>

#include "framework/cli/opened_run.h"
#include "framework/core/options.h"
#include "framework/evaluation/exposure_boost.h"
#include "framework/reporting/fairness_report.h"

namespace coldframe {

/// That a part of the catalogue is to be seen more: options of the commands that rank for people.
struct ExposureChoice {
  std::string group;  // as select_items() reads it; empty: lists as they are
  double share = 0;
  std::string rule = "amortised";  // over all lists together, or in every `list`

  bool active() const { return !group.empty(); }
  void describe(OptionVisitor& visitor);
  std::vector<Problem> problems() const;
};

/// The bonus of every list; one for all, or its own.
struct ExposureBonuses {
  std::vector<double> of_list;            // [lists]
  double largest = 0;                     // of lists that reach the share
  std::vector<std::size_t> out_of_reach;  // lists that cannot (rule `list`): all items of the group stand first there
};

/// ConfigError when no list reaches the share (`amortised`: all together do not), with what they can reach.
ExposureBonuses exposure_bonuses(std::span<const SplitList> lists, std::span<const double> attention,
                                 const ExposureChoice& choice);

/// What serve_exposed() found: lists, the largest bonus, and how many newcomers cannot have the share.
struct ExposedLists {
  ServedScorer served;
  double largest_bonus = 0;
  std::size_t out_of_reach = 0;
};

/// As serve(), with lists that give `items` at least the chosen share of exposure over the newcomers of the run.
ExposedLists serve_exposed(const OpenedRun& run, NewcomerScorer& scorer, std::size_t shots, MetricCut utility,
                           std::size_t length, std::span<const ItemId> items, const ExposureChoice& choice);

}  // namespace coldframe
