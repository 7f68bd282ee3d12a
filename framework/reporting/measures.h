#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/ids.h"
#include "framework/evaluation/bootstrap.h"
#include "framework/reporting/run_record.h"
#include "framework/reporting/simulation_record.h"

namespace coldframe {

/// A reported number that a bound of `[expect]` may speak of.
struct Measure {
  std::optional<double> value;  // empty: "n/a", "too few", undefined
  bool estimated = false;       // it comes with an interval
  std::optional<Interval> interval;
  std::vector<UserKey> users;    // where the measure is a mean over users, else empty
  std::vector<double> per_user;  // parallel to users
};

Measure measure_of(const Estimate& estimate);

/// Named numbers, each worked out when it is asked for: a bootstrap for every number of a table would cost more than
/// the table. Names are "evaluation.ndcg@10.shot0.minus_popularity"; what the makers borrow must outlive this.
class Measures {
 public:
  void add(std::string name, std::function<Measure()> make);
  void add_value(std::string name, std::optional<double> value);
  bool contains(const std::string& name) const { return makers_.contains(name); }
  /// DataError when there is none of this name.
  Measure find(const std::string& name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, std::function<Measure()>> makers_;
};

/// A name as part of a measure's name: "lora + item prior" is lora+item_prior, "lora - full, k = 0" is lora-full_k_0.
std::string measure_word(std::string_view name);

/// Of an evaluated run, for every metric and k of the trained strategy and every other row B of its table:
///   evaluation.ndcg@10.shot0                         mean over users, pure text score
///   evaluation.ndcg@10.shot0.with_prior              with the item prior
///   evaluation.ndcg@10.shot0[.with_prior].minus_B    paired difference to popularity, random, frozen_encoder, ...
///   evaluation.ndcg@10.shot0[.with_prior].over_B     ratio to it
///   evaluation.ndcg@10.shot0.of_B                    the row itself
///   evaluation.coverage.shot0[.with_prior | .of_B]   share of the catalogue in the lists; no interval
///   evaluation.users, evaluation.left_out
///   evaluation.tasks.NAME                            of a stream of tasks: average, backward_transfer, next, ...
///   cost.NAME                                        every number of the record's cost: cost.step_seconds, ...
Measures newcomer_measures(const RunRecord& record, const BootstrapOptions& bootstrap);

/// Of a simulation, for every policy P (`strategy` too when there is one strategy alone) and every other policy B:
///   simulation.P.expected       expected clicks per page in closed form, a rate per user, then the mean over users
///   simulation.P.minus_B        paired difference to it
///   simulation.P.over_B         ratio to it
///   simulation.P.share          share of the attainable range between popularity and the informed oracle
Measures simulation_measures(const SimulationRecord& record, const BootstrapOptions& bootstrap);
/// The same of a record in a file, read in chunks whenever a measure is asked for: only `expected`, which hands its
/// values over, takes memory for every user.
Measures simulation_measures(std::shared_ptr<const SimulationRecordReader> record, const BootstrapOptions& bootstrap);

/// Of a report's tables (report.h): COMMAND.TABLE.NAMES.COLUMN for every numeric cell, where NAMES are the cells that
/// say what a row is about: "fairness.gaps.lora.gender.gap". A table called like the command is not named twice, a
/// scorer that is the only strategy is called `strategy` as well, k stands as shot0. What a cell leaves out is a
/// measure without a value.
Measures report_measures(std::string_view command, const nlohmann::json& report);

/// {name: {value, low, high}} of all of them, for scripts.
nlohmann::json to_json(const Measures& measures);

}  // namespace coldframe
