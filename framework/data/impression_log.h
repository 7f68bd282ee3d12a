#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "framework/core/hash.h"
#include "framework/core/ids.h"

namespace coldframe {

class Hdf5File;

/// Whether the policy that filled the pages drew them: a log of one that did not supports no inverse-propensity
/// estimate.
enum class LoggingKind { unknown, deterministic, stochastic };
std::string_view logging_kind_name(LoggingKind kind);
LoggingKind logging_kind_of(std::string_view name);  // unknown for any other word

/// What was shown and what was clicked, one row per (user, period, session, page, position), in columns of equal
/// length.
struct ImpressionLog {
  std::vector<UserId> user;
  std::vector<std::uint32_t> period;
  std::vector<std::uint32_t> session;
  std::vector<std::uint32_t> page;
  std::vector<std::uint32_t> position;  // 0 = top of the slate
  std::vector<ItemId> item;
  std::vector<double> log_propensity;   // log probability of this item at this position; NaN where the policy has none
  std::vector<std::uint8_t> clicked;    // 0 or 1
  std::vector<std::int64_t> timestamp;  // unix seconds
  /// Log probability of the item at the position, whatever is above it; NaN: unknown; empty when nobody knows any.
  std::vector<double> log_marginal = {};
  /// What the session of the row began with: queries[query[row]], "" where the user browsed. Both are empty when nobody
  /// searched.
  std::vector<std::uint32_t> query = {};
  std::vector<std::string> queries = {};
  /// Of a click, where the place was sold: something else than the logging policy put the item there. 0 elsewhere;
  /// empty when no place was sold.
  std::vector<double> price = {};
  // Of all rows:
  std::string policy = {};  // name of the logging policy
  LoggingKind logging = LoggingKind::unknown;
  bool clicked_stay = false;  // clicked items stayed among the candidates

  std::size_t size() const { return user.size(); }
  bool sold(std::size_t row) const { return !price.empty() && price[row] > 0; }
  /// Order-independent digest of all rows.
  RowDigest digest() const;
};

/// Throws DataError unless all columns have one length, the references are in range, prices are numbers from 0 on, and
/// propensities are those of the logging kind.
void check_impressions(const ImpressionLog& log, std::size_t users, std::size_t items);

/// Adds rows to `/impressions` of an open store, which the first call makes; DataError for other columns than those of
/// the first. The texts of queries go with write_queries(), once, when all rows are there.
void append_impressions(Hdf5File& file, const ImpressionLog& rows);
void write_queries(Hdf5File& file, const std::vector<std::string>& queries);
bool has_impressions(const Hdf5File& file);
/// The rows [first, first + count) of `/impressions`.
ImpressionLog read_impressions(const Hdf5File& file, std::size_t first, std::size_t count);
std::size_t impression_count(const Hdf5File& file);

}  // namespace coldframe
