#include "framework/simulation/detail/logged_users.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "framework/core/error.h"
#include "framework/simulation/log_replay.h"

namespace coldframe::detail {
namespace {

/// Rows of the log by user and, within a user, by page and position.
std::vector<std::size_t> ordered_rows(const ImpressionLog& log) {
  std::vector<std::size_t> rows(log.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  const auto key = [&](std::size_t r) {
    return std::tuple(log.user[r], log.period[r], log.session[r], log.page[r], log.position[r]);
  };
  std::ranges::sort(rows, [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  return rows;
}

[[noreturn]] void fail(const Dataset& data, const ImpressionLog& log, std::size_t row, std::string_view why) {
  throw DataError(fmt::format("the log's page for user {}, session {}, page {}", data.users.ids[log.user[row].value()],
                              log.session[row], log.page[row]),
                  why, "correct the log");
}

bool same_page(const ImpressionLog& log, std::size_t a, std::size_t b) {
  return log.user[a] == log.user[b] && log.period[a] == log.period[b] && log.session[a] == log.session[b] &&
         log.page[a] == log.page[b];
}

LoggedPage read_page(const Dataset& data, const ImpressionLog& log, std::span<const Query> queries,
                     std::span<const std::size_t> rows) {
  LoggedPage page;
  if (!log.query.empty() && log.query[rows[0]] > 0) page.query = &queries[log.query[rows[0]] - 1];
  page.time = {log.period[rows[0]], log.session[rows[0]], log.page[rows[0]], log.timestamp[rows[0]]};
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const std::size_t row = rows[k];
    if (log.position[row] != k) {
      fail(data, log, row, fmt::format("position {} where {} was expected", log.position[row], k));
    }
    if (std::ranges::find(page.items, log.item[row]) != page.items.end()) {
      fail(data, log, row, fmt::format("item {} stands on it twice", data.items.ids[log.item[row].value()]));
    }
    if (!log.query.empty() && log.query[row] != log.query[rows[0]]) fail(data, log, row, "it has two queries");
    page.items.push_back(log.item[row]);
    page.clicks.push_back(log.clicked[row]);
    if (!log.sold(row)) page.own.push_back(k);
    page.log_propensity.push_back(log.log_propensity[row]);
    if (!log.log_marginal.empty()) page.log_marginal.push_back(log.log_marginal[row]);
  }
  if (page.own.empty()) fail(data, log, rows[0], "all its places were sold, so that no policy chose anything");
  return page;
}

}  // namespace

LoggedUsers read_logged_users(const Dataset& data, const ImpressionLog& log, std::span<const Query> queries,
                              const std::function<bool(UserId)>& leave_out) {
  LoggedUsers read;
  const std::vector<std::size_t> rows = ordered_rows(log);
  for (std::size_t begin = 0; begin < rows.size();) {
    const UserId id = log.user[rows[begin]];
    std::size_t end = begin;
    while (end < rows.size() && log.user[rows[end]] == id) ++end;
    if (leave_out && leave_out(id)) {
      ++read.left_out;
      begin = end;
      continue;
    }
    LoggedUser user{id, logged_user_key(data, id), {}};
    while (begin < end) {
      std::size_t next = begin;
      while (next < end && same_page(log, rows[next], rows[begin])) ++next;
      user.pages.push_back(read_page(data, log, queries, std::span(rows).subspan(begin, next - begin)));
      begin = next;
    }
    read.pages += user.pages.size();
    read.users.push_back(std::move(user));
  }
  return read;
}

}  // namespace coldframe::detail
