#include "framework/data/impression_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "framework/core/error.h"
#include "framework/data/hdf5_file.h"

namespace coldframe {
namespace {

constexpr std::string_view k_group = "/impressions";

std::string path_of(std::string_view column) { return fmt::format("{}/{}", k_group, column); }

template <class Id>
std::vector<std::uint32_t> rows_of(const std::vector<Id>& ids) {
  std::vector<std::uint32_t> rows;
  rows.reserve(ids.size());
  for (const Id id : ids) rows.push_back(id.value());
  return rows;
}

template <class Id>
std::vector<Id> ids_of(const std::vector<std::uint32_t>& rows) {
  return std::vector<Id>(rows.begin(), rows.end());
}

template <class T>
void put(std::string& bytes, T value) {
  char buffer[sizeof(T)];
  std::memcpy(buffer, &value, sizeof(T));
  bytes.append(buffer, sizeof(T));
}

void put_number(std::string& bytes, double value) {
  put(bytes, std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
}

[[noreturn]] void fail(std::string_view why) { throw DataError("the impressions are inconsistent", why); }

void require_columns_of(const Hdf5File& file, const ImpressionLog& rows) {
  for (const auto& [column, there] : {std::pair{"log_marginal", !rows.log_marginal.empty()},
                                      {"price", !rows.price.empty()},
                                      {"query", !rows.query.empty()}}) {
    if (file.exists(path_of(column)) != there)
      fail(fmt::format("some rows have a column {}, others have none", column));
  }
}

}  // namespace

std::string_view logging_kind_name(LoggingKind kind) {
  if (kind == LoggingKind::unknown) return "unknown";
  return kind == LoggingKind::deterministic ? "deterministic" : "stochastic";
}

LoggingKind logging_kind_of(std::string_view name) {
  for (const LoggingKind kind : {LoggingKind::deterministic, LoggingKind::stochastic}) {
    if (name == logging_kind_name(kind)) return kind;
  }
  return LoggingKind::unknown;
}

RowDigest ImpressionLog::digest() const {
  RowDigest digest;
  std::string bytes;
  for (std::size_t row = 0; row < size(); ++row) {
    bytes.clear();
    put(bytes, user[row].value());
    put(bytes, period[row]);
    put(bytes, session[row]);
    put(bytes, page[row]);
    put(bytes, position[row]);
    put(bytes, item[row].value());
    put_number(bytes, log_propensity[row]);
    put(bytes, clicked[row]);
    put(bytes, timestamp[row]);
    // Stores of older programs have no marginals: their digest stays what it was.
    if (!log_marginal.empty()) put_number(bytes, log_marginal[row]);
    if (!query.empty()) bytes += queries[query[row]];
    if (!price.empty()) put(bytes, price[row]);
    digest.add_row(bytes);
  }
  return digest;
}

void check_impressions(const ImpressionLog& log, std::size_t users, std::size_t items) {
  const std::size_t rows = log.size();
  for (const std::size_t length :
       {log.period.size(), log.session.size(), log.page.size(), log.position.size(), log.item.size(),
        log.log_propensity.size(), log.clicked.size(), log.timestamp.size()}) {
    if (length != rows) fail(fmt::format("a column has {} rows, expected {}", length, rows));
  }
  if (!log.log_marginal.empty() && log.log_marginal.size() != rows) {
    fail(fmt::format("a column has {} rows, expected {}", log.log_marginal.size(), rows));
  }
  if (!log.price.empty() && log.price.size() != rows) {
    fail(fmt::format("a column has {} rows, expected {}", log.price.size(), rows));
  }
  if (!log.query.empty() && log.query.size() != rows) {
    fail(fmt::format("a column has {} rows, expected {}", log.query.size(), rows));
  }
  if (std::ranges::any_of(log.query, [&](std::uint32_t query) { return query >= log.queries.size(); })) {
    fail(fmt::format("a row names no query, there are {}", log.queries.size()));
  }
  if (!log.queries.empty() && !log.queries[0].empty()) fail("the first of the queries is not the empty one");
  for (std::size_t row = 0; row < rows; ++row) {
    if (log.user[row].value() >= users) fail(fmt::format("row {} names no user", row));
    if (log.item[row].value() >= items) fail(fmt::format("row {} names no item", row));
    if (log.clicked[row] > 1) fail(fmt::format("row {} has clicked = {}", row, log.clicked[row]));
    if (!log.price.empty() && !(log.price[row] >= 0 && std::isfinite(log.price[row]))) {
      fail(fmt::format("row {} has the price {}", row, log.price[row]));
    }
    const double marginal = log.log_marginal.empty() ? 0.0 : log.log_marginal[row];
    if (log.log_propensity[row] > 1e-9 || marginal > 1e-9) fail(fmt::format("row {} has a propensity above 1", row));
    if (log.logging == LoggingKind::deterministic && log.log_propensity[row] < -1e-9) {
      fail(fmt::format("row {} has a propensity below 1 under a deterministic policy", row));
    }
  }
}

void append_impressions(Hdf5File& file, const ImpressionLog& rows) {
  RowDigest digest = rows.digest();
  if (has_impressions(file)) {
    require_columns_of(file, rows);
    digest.merge(RowDigest::from_words({static_cast<std::uint64_t>(file.read_integer(k_group, "digest_low")),
                                        static_cast<std::uint64_t>(file.read_integer(k_group, "digest_high"))}));
  }
  const auto append = [&](std::string_view column, const auto& values) {
    file.append(path_of(column), std::span(values));
  };
  append("user", rows_of(rows.user));
  append("period", rows.period);
  append("session", rows.session);
  append("page", rows.page);
  append("position", rows.position);
  append("item", rows_of(rows.item));
  append("log_propensity", rows.log_propensity);
  append("clicked", rows.clicked);
  append("timestamp", rows.timestamp);
  if (!rows.log_marginal.empty()) append("log_marginal", rows.log_marginal);
  if (!rows.price.empty()) append("price", rows.price);
  if (!rows.query.empty()) append("query", rows.query);
  file.write_attribute(k_group, "policy", std::string_view(rows.policy));
  file.write_attribute(k_group, "logging", logging_kind_name(rows.logging));
  file.write_attribute(k_group, "clicked_items", std::string_view(rows.clicked_stay ? "stay" : "leave"));
  file.write_attribute(k_group, "digest_low", digest.words()[0]);
  file.write_attribute(k_group, "digest_high", digest.words()[1]);
}

void write_queries(Hdf5File& file, const std::vector<std::string>& queries) {
  if (!file.exists(path_of("query"))) fail("there are queries, and no row that names one");
  file.write_strings(path_of("queries"), queries);
}

bool has_impressions(const Hdf5File& file) { return file.exists(k_group); }

std::size_t impression_count(const Hdf5File& file) { return file.shape(path_of("user")).front(); }

ImpressionLog read_impressions(const Hdf5File& file, std::size_t first, std::size_t count) {
  ImpressionLog log;
  log.user = ids_of<UserId>(file.read_rows<std::uint32_t>(path_of("user"), first, count));
  log.period = file.read_rows<std::uint32_t>(path_of("period"), first, count);
  log.session = file.read_rows<std::uint32_t>(path_of("session"), first, count);
  log.page = file.read_rows<std::uint32_t>(path_of("page"), first, count);
  log.position = file.read_rows<std::uint32_t>(path_of("position"), first, count);
  log.item = ids_of<ItemId>(file.read_rows<std::uint32_t>(path_of("item"), first, count));
  log.log_propensity = file.read_rows<double>(path_of("log_propensity"), first, count);
  log.clicked = file.read_rows<std::uint8_t>(path_of("clicked"), first, count);
  log.timestamp = file.read_rows<std::int64_t>(path_of("timestamp"), first, count);
  if (file.exists(path_of("log_marginal"))) {
    log.log_marginal = file.read_rows<double>(path_of("log_marginal"), first, count);
  }
  if (file.exists(path_of("price"))) log.price = file.read_rows<double>(path_of("price"), first, count);
  if (file.exists(path_of("query"))) {
    log.query = file.read_rows<std::uint32_t>(path_of("query"), first, count);
    log.queries = file.read_strings(path_of("queries"));
  }
  if (file.has_attribute(k_group, "logging")) {
    log.policy = file.read_text(k_group, "policy");
    log.logging = logging_kind_of(file.read_text(k_group, "logging"));
    log.clicked_stay = file.read_text(k_group, "clicked_items") == "stay";
  }
  return log;
}

}  // namespace coldframe
