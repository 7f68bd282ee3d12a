#include "framework/simulation/replay_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

template <class T>
void add_padded(std::vector<T>& sum, const std::vector<T>& more, void (*add)(T&, const T&)) {
  if (more.size() > sum.size()) sum.resize(more.size());
  for (std::size_t i = 0; i < more.size(); ++i) add(sum[i], more[i]);
}

void add_count(std::uint64_t& sum, const std::uint64_t& more) { sum += more; }
void add_sum(FixedSum& sum, const FixedSum& more) { sum.add_raw(more.raw()); }
void add_place(PlaceCounts& sum, const PlaceCounts& more) {
  sum.shown += more.shown;
  sum.clicks += more.clicks;
  sum.ads += more.ads;
  sum.ad_clicks += more.ad_clicks;
  add_sum(sum.expected, more.expected);
  add_sum(sum.ad_expected, more.ad_expected);
  add_sum(sum.revenue, more.revenue);
  add_sum(sum.expected_revenue, more.expected_revenue);
}

template <class Row>
void append_in_order(std::vector<Row>& rows, std::vector<Row>&& more) {
  if (rows.empty() || more.empty() || rows.back().user < more.front().user) {
    rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return;
  }
  // Ranges are disjoint, so users are too; pages of one user keep their order.
  rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.user < b.user; });
}

void merge_outcome(PolicyOutcome& into, PolicyOutcome&& from) {
  into.user_count += from.user_count;
  into.pages += from.pages;
  into.clicks += from.clicks;
  into.expected.add_raw(from.expected.raw());
  append_in_order(into.users, std::move(from.users));
  append_in_order(into.searches, std::move(from.searches));
  append_in_order(into.ads, std::move(from.ads));
  add_padded(into.pages_by_step, from.pages_by_step, add_count);
  add_padded(into.clicks_by_step, from.clicks_by_step, add_count);
  add_padded(into.expected_by_step, from.expected_by_step, add_sum);
  add_padded(into.shown, from.shown, add_count);
  for (std::size_t kind = 0; kind < into.answers.size(); ++kind) into.answers[kind] += from.answers[kind];
  into.new_items.shown += from.new_items.shown;
  into.new_items.clicks += from.new_items.clicks;
  into.new_items.expected.add_raw(from.new_items.expected.raw());
  merge_first_impressions(into.new_item_impressions, from.new_item_impressions);
  into.search.pages += from.search.pages;
  into.search.clicks += from.search.clicks;
  into.search.expected.add_raw(from.search.expected.raw());
  add_padded(into.places, from.places, add_place);
  into.relevance.add_raw(from.relevance.raw());
  into.digest.merge(from.digest);
  append_in_order(into.log, std::move(from.log));
}

/// Two covered ranges may touch but not overlap; users decide, so that ranges can arrive in any order.
bool share_users(const ReplayResult& a, const ReplayResult& b) {
  if (a.policies.empty()) return false;
  std::vector<std::uint64_t> both;
  for (const ReplayResult* result : {&a, &b}) {
    for (const UserRow& row : result->policies[0].users) both.push_back(row.user);
  }
  std::sort(both.begin(), both.end());
  return std::adjacent_find(both.begin(), both.end()) != both.end();
}

}  // namespace

std::int64_t FixedSum::to_fixed(double value) {
  const double scaled = std::round(value / k_unit);
  if (!(std::abs(scaled) < 0x1p62)) {
    throw NumericError(fmt::format("value {} in a sum over users", value), "not a number, or beyond the range", {});
  }
  return static_cast<std::int64_t>(scaled);
}

void ReplayResult::merge(ReplayResult other) {
  if (other.begin == other.end) return;
  if (begin == end) {
    *this = std::move(other);
    return;
  }
  const auto same_name = [](const PolicyOutcome& a, const PolicyOutcome& b) { return a.policy == b.policy; };
  if (!std::equal(policies.begin(), policies.end(), other.policies.begin(), other.policies.end(), same_name)) {
    throw DataError(fmt::format("results of users {}..{} and {}..{}", begin, end, other.begin, other.end),
                    "they compare other policies", "merge ranges of one simulation");
  }
  const bool may_overlap = other.begin < end && begin < other.end;
  if (may_overlap && share_users(*this, other)) {
    throw DataError(fmt::format("results of users {}..{} and {}..{}", begin, end, other.begin, other.end),
                    "a user is in both", "merge disjoint ranges");
  }
  begin = std::min(begin, other.begin);
  end = std::max(end, other.end);
  for (std::size_t p = 0; p < policies.size(); ++p) merge_outcome(policies[p], std::move(other.policies[p]));
}

bool ReplayResult::append(ReplayResult next) {
  if (next.begin != end) return false;
  merge(std::move(next));
  return true;
}

std::string ReplayResult::digest() const {
  RowDigest all;
  for (const PolicyOutcome& outcome : policies) {
    all.add_row(fmt::format("{} {} {} {} {}", outcome.policy, outcome.user_count, outcome.clicks,
                            outcome.expected.raw(), outcome.digest.hex()));
  }
  return all.hex();
}

}  // namespace coldframe
