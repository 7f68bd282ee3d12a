#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/core/hash.h"
#include "framework/core/ids.h"
#include "framework/simulation/impression_times.h"
#include "framework/simulation/observables.h"

namespace coldframe {

/// A sum that does not depend on the order of its addends: int64 with 20 fraction bits, every addend rounded once.
class FixedSum {
 public:
  static constexpr double k_unit = 0x1p-20;
  /// Throws NumericError for NaN or a value beyond the range.
  static std::int64_t to_fixed(double value);
  void add(double value) { raw_ += to_fixed(value); }
  void add_raw(std::int64_t raw) { raw_ += raw; }
  std::int64_t raw() const { return raw_; }
  double value() const { return static_cast<double>(raw_) * k_unit; }
  friend bool operator==(FixedSum, FixedSum) = default;

 private:
  std::int64_t raw_ = 0;
};

/// What one user did under one policy: the unit of paired comparisons.
struct UserRow {
  std::uint64_t user = 0;  // number in the population
  std::uint32_t pages = 0;
  std::uint32_t clicks = 0;
  std::int64_t expected = 0;  // closed-form expected clicks of the pages shown, fixed point
  friend bool operator==(const UserRow&, const UserRow&) = default;
};

/// What one user did on pages of sessions that began with a query.
struct UserSearches {
  std::uint64_t user = 0;
  std::uint32_t pages = 0;
  std::uint32_t clicks = 0;
  std::int64_t expected = 0;  // as in UserRow
  friend bool operator==(const UserSearches&, const UserSearches&) = default;
};

/// What one user saw of ads, and what the other places brought.
struct UserAds {
  std::uint64_t user = 0;
  std::int64_t revenue = 0;           // as sampled; all fixed point
  std::int64_t expected_revenue = 0;  // closed form
  std::int64_t organic = 0;           // closed-form expected clicks on places that are not sold
  std::int64_t relevance = 0;         // sum over pages, see PolicyOutcome
  friend bool operator==(const UserAds&, const UserAds&) = default;
};

/// One place of all pages.
struct PlaceCounts {
  std::uint64_t shown = 0;
  std::uint64_t clicks = 0;
  std::uint64_t ads = 0;  // times that it was sold
  std::uint64_t ad_clicks = 0;
  FixedSum expected;     // clicks, closed form
  FixedSum ad_expected;  // of them on ads
  FixedSum revenue;
  FixedSum expected_revenue;
  friend bool operator==(const PlaceCounts&, const PlaceCounts&) = default;
};

/// Place of a query that there is not.
inline constexpr std::uint32_t k_no_query = 0xFFFFFFFFu;

/// One page of the log.
struct PageRow {
  std::uint64_t user = 0;
  std::uint32_t profile = 0;
  std::uint32_t period = 0;
  std::uint32_t session = 0;
  std::uint32_t page = 0;
  std::int64_t timestamp = 0;
  std::vector<ItemId> items;
  std::vector<std::uint8_t> clicks;
  std::vector<double> position_log_propensity;  // empty: none; NaN on sold places
  std::vector<double> position_log_marginal;    // empty: unknown
  std::vector<ItemId> given_likes;              // and liked answers, oldest first; on the first page of a user only
  std::uint32_t query = k_no_query;             // row of what the session began with
  double expected = 0;
  std::vector<double> prices;  // of sold places, as in Slate
  // Of a traced user only (KeepLog::trace), per item; never sent between ranks.
  std::vector<double> utilities;
  std::vector<double> click_probability;  // closed form, given the page
  std::vector<Answer> answers;            // on the first page of a user only
};

/// What happened on new items, which nobody of role T liked.
struct NewItemCounts {
  std::uint64_t shown = 0;
  std::uint64_t clicks = 0;
  FixedSum expected;
  friend bool operator==(const NewItemCounts&, const NewItemCounts&) = default;
};

/// What happened on pages of sessions that began with a query.
struct SearchCounts {
  std::uint64_t pages = 0;
  std::uint64_t clicks = 0;
  FixedSum expected;
  friend bool operator==(const SearchCounts&, const SearchCounts&) = default;
};

/// Everything one policy brought about on a range of users.
struct PolicyOutcome {
  std::string policy;
  std::uint64_t user_count = 0;
  std::uint64_t pages = 0;
  std::uint64_t clicks = 0;
  FixedSum expected;
  std::vector<UserRow> users;          // ascending; empty where they are kept elsewhere (UserRowSpool)
  std::vector<UserAds> ads;            // the same, where places are sold
  std::vector<UserSearches> searches;  // parallel to users; empty where nobody searches, or they are kept elsewhere
  std::vector<std::uint64_t> pages_by_step;  // [sessions * pages] how many users reached a step
  std::vector<std::uint64_t> clicks_by_step;
  std::vector<FixedSum> expected_by_step;
  std::vector<std::uint64_t> shown;        // [I] how often an item was shown
  std::array<std::uint64_t, 3> answers{};  // like, dislike, unknown: of newcomers who were asked
  NewItemCounts new_items;
  std::vector<Impression> new_item_impressions;  // the first of each new item
  SearchCounts search;
  std::vector<PlaceCounts> places;  // [slate size], where some are sold (to whichever policy)
  FixedSum relevance;               // the same: sum over pages of page_relevance()
  RowDigest digest;                 // of all pages
  std::vector<PageRow> log;         // only when asked for; in order of (user, session, page)

  double click_rate() const { return pages == 0 ? 0.0 : static_cast<double>(clicks) / static_cast<double>(pages); }
  double expected_rate() const { return pages == 0 ? 0.0 : expected.value() / static_cast<double>(pages); }
};

/// Result of a half-open range of users. Ranges merge in any order to the bits of the whole.
struct ReplayResult {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::vector<PolicyOutcome> policies;

  /// Throws DataError unless the ranges are disjoint and the policies the same.
  void merge(ReplayResult other);
  /// merge() for ranges in ascending order; says no, and changes nothing, when users are missing in between.
  bool append(ReplayResult next);
  /// Digest over users, policies and all pages.
  std::string digest() const;
};

/// For sending results between ranks; the log is included.
std::vector<std::byte> pack(const ReplayResult& result);
ReplayResult unpack_replay_result(std::span<const std::byte> bytes);
/// The same for pages alone.
std::vector<std::byte> pack_pages(std::span<const PageRow> pages);
std::vector<PageRow> unpack_pages(std::span<const std::byte> bytes);

}  // namespace coldframe
