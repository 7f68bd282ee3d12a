#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/data/dataset.h"
#include "framework/data/impression_log.h"
#include "framework/simulation/page_spool.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/population.h"
#include "framework/simulation/replay_result.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe {

/// A simulated log in the form of a data set, so that `train` reads what `simulate` wrote.
struct SimulatedLog {
  Dataset data;               // users "sim-N" with their attributes; interactions are clicks, and likes given before
  ImpressionLog impressions;  // every shown item, with propensities; with prices where places were sold
};

/// Builds the log of one policy page by page, so that rows can be written while others are yet to come.
/// Thread-safety: none. Borrows what it is made from.
class SimulatedLogBuilder {
 public:
  struct Setting {
    const Dataset& source;  // items and their availability
    const Population& population;
    std::string policy;
    PolicyKind kind;  // of the places that were not sold
    bool clicked_stay = false;
    std::span<const Query> queries = {};  // of the replay, where somebody searched
    LogColumns columns;                   // that any page has
  };
  explicit SimulatedLogBuilder(const Setting& setting);

  /// Adds the rows of a page, the user's next or that of a user who was not there yet, to `rows`, which begins as
  /// empty_rows().
  void add(const PageRow& page, ImpressionLog& rows);
  /// Rows with what holds for all of them, and the queries so far.
  ImpressionLog empty_rows() const;
  /// Users so far, and what they liked, in order of pages.
  const Dataset& data() const { return data_; }
  /// Everything but the rows.
  Dataset finish() &&;

 private:
  Setting setting_;
  Dataset data_;
  std::optional<std::uint64_t> user_;        // of the page before
  std::vector<std::uint32_t> query_number_;  // in the log, of every query; 0: not there yet
  std::vector<std::string> queries_;
};

/// Builds the log of one policy; its outcome must have been replayed with KeepLog::yes and these options. `items` and
/// availability come from the data set the population was made from. Users without a page in the log are left out.
/// kind: of the places that were not sold. queries: those of the replay, where somebody searched.
SimulatedLog make_simulated_log(const Dataset& source, const Population& population, const PolicyOutcome& outcome,
                                PolicyKind kind, const SimulationOptions& options, std::span<const Query> queries = {});

/// The external id of a newcomer in a log, "sim-12", and back; nullopt for other ids.
std::string simulated_user_id(std::uint64_t number);
std::optional<std::uint64_t> simulated_user_number(std::string_view id);

}  // namespace coldframe
