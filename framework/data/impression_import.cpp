#include "framework/data/impression_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <tuple>

#include "framework/core/error.h"
#include "framework/data/cell_values.h"

namespace coldframe::detail {
namespace {

constexpr std::uint32_t k_pages = 1u << 12;  // page numbers that fit a random-number counter
constexpr double k_sessions = 1u << 20;

/// The columns of a row by what they mean; an index of -1: the mapping names none.
class ImpressionColumns {
 public:
  explicit ImpressionColumns(const ImpressionOptions& options)
      : user(add(options.user)),
        item(add(options.item)),
        clicked(add(options.clicked)),
        position(add(options.position)),
        page(add(options.page)),
        session(add(options.session)),
        period(add(options.period)),
        log_propensity(add(options.log_propensity)),
        propensity(add(options.propensity)),
        log_marginal(add(options.log_marginal)),
        price(add(options.price)),
        timestamp(add(options.timestamp)) {}

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;  // before the indices: they are made in this order
  int add(const std::string& name) {
    if (name.empty()) return -1;
    names_.push_back(name);
    return static_cast<int>(names_.size()) - 1;
  }

 public:
  int user, item, clicked, position, page, session, period, log_propensity, propensity, log_marginal, price, timestamp;
};

class ImpressionRows {
 public:
  ImpressionRows(TableImport& import, const Mapping& mapping, EntityImport& users, EntityImport& items)
      : import_(import),
        options_(mapping.impressions),
        unknown_users_(mapping.interactions.unknown_users),
        unknown_items_(mapping.interactions.unknown_items),
        users_(users),
        items_(items),
        columns_(options_) {}

  const std::vector<std::string>& columns() const { return columns_.names(); }

  /// Why the row is malformed; empty: fine.
  std::string accept(const Record& record) {
    Row row;
    const std::string mistake = read(record, row);
    if (!mistake.empty()) return mistake;
    const std::string &user = record.fields[at(columns_.user)], &item = record.fields[at(columns_.item)];
    if (user.empty()) return "empty user id";
    if (item.empty()) return "empty item id";
    if (!allows(users_, user, unknown_users_, "user", record.line) ||
        !allows(items_, item, unknown_items_, "item", record.line)) {
      ++import_.report().dropped["user or item not in its table"];
      return {};
    }
    row.user = users_.row_of(user);
    row.item = items_.row_of(item);
    rows_.push_back(row);
    return {};
  }

  ImpressionLog finish() && {
    if (columns_.page < 0) number_pages();
    const auto place = [](const Row& r) { return std::tuple(r.user, r.period, r.session, r.page, r.position); };
    std::ranges::stable_sort(rows_, [&](const Row& a, const Row& b) { return place(a) < place(b); });
    const auto twice = std::ranges::adjacent_find(rows_, {}, place);
    if (twice != rows_.end()) {
      throw DataError(
          fmt::format("{} has two rows for position {} of page {}, session {}, of user {}", import_.report().file,
                      twice->position, twice->page, twice->session, users_.table.ids[twice->user]),
          "one item stands at one place", "name the columns that tell pages apart: page, session, period");
    }
    import_.report().rows_kept = rows_.size();
    if (rows_.empty()) throw DataError(fmt::format("no impression of {} is left", import_.report().file));
    return to_log();
  }

 private:
  struct Row {
    std::uint32_t user = 0, item = 0, period = 0, session = 0, page = 0, position = 0;
    double log_propensity = std::numeric_limits<double>::quiet_NaN();
    double log_marginal = std::numeric_limits<double>::quiet_NaN();
    double price = 0;
    std::uint8_t clicked = 0;
    std::int64_t timestamp = 0;
  };

  static std::size_t at(int column) { return static_cast<std::size_t>(column); }

  std::string read(const Record& record, Row& row) const {
    const auto whole = [&](int column, double first, double end, std::uint32_t& out) {
      if (column < 0) return true;
      const std::optional<double> value = parse_number(record.fields[at(column)]);
      if (!value || *value != std::floor(*value) || *value < first || *value >= end + first) return false;
      out = static_cast<std::uint32_t>(*value - first);
      return true;
    };
    if (!whole(columns_.position, static_cast<double>(options_.first_position), 1e6, row.position)) {
      return "position is no place on a page";
    }
    if (!whole(columns_.page, 0, k_pages, row.page)) return "page is no number below 4096";
    if (!whole(columns_.session, 0, k_sessions, row.session)) return "session is no number below 1048576";
    if (!whole(columns_.period, 0, 4e9, row.period)) return "period is no whole number";
    std::uint32_t clicked = 0;
    if (!whole(columns_.clicked, 0, 2, clicked)) return "clicked is neither 0 nor 1";
    row.clicked = static_cast<std::uint8_t>(clicked);
    if (!read_log(record, columns_.log_propensity, row.log_propensity)) return "log propensity is no number up to 0";
    if (!read_log(record, columns_.log_marginal, row.log_marginal)) return "log marginal is no number up to 0";
    if (!read_probability(record, row.log_propensity)) return "propensity is no number above 0 and up to 1";
    if (!read_price(record, row.price)) return "price is no number from 0 on";
    if (columns_.timestamp < 0) return {};
    const auto time = parse_time(record.fields[at(columns_.timestamp)], time_unit_named(options_.timestamp_unit));
    if (!time) return fmt::format("timestamp is not a time in {}", options_.timestamp_unit);
    row.timestamp = *time;
    return {};
  }

  /// An empty cell is an unknown probability.
  static bool read_log(const Record& record, int column, double& out) {
    if (column < 0 || record.fields[at(column)].empty()) return true;
    const std::optional<double> value = parse_number(record.fields[at(column)]);
    if (!value || *value > 1e-9) return false;
    out = *value;
    return true;
  }
  bool read_probability(const Record& record, double& out) const {
    if (columns_.propensity < 0 || record.fields[at(columns_.propensity)].empty()) return true;
    const std::optional<double> value = parse_number(record.fields[at(columns_.propensity)]);
    if (!value || !(*value > 0) || *value > 1 + 1e-9) return false;
    out = std::min(std::log(*value), 0.0);
    return true;
  }

  bool read_price(const Record& record, double& out) const {
    if (columns_.price < 0 || record.fields[at(columns_.price)].empty()) return true;
    const std::optional<double> value = parse_number(record.fields[at(columns_.price)]);
    if (!value || !(*value >= 0) || std::isinf(*value)) return false;
    out = *value;
    return true;
  }

  bool allows(const EntityImport& entities, const std::string& id, const std::string& unknown, std::string_view what,
              std::size_t line) const {
    if (unknown == "create" || entities.rows.contains(id)) return true;
    if (unknown == "drop") return false;
    throw DataError(fmt::format("{} '{}' in {} is not in the {} table", what, id, import_.place(line), what),
                    fmt::format("interactions.unknown_{}s = error", what), "set it to create or drop in the mapping");
  }

  /// Every row a page, numbered by time within a user.
  void number_pages() {
    std::ranges::stable_sort(rows_, [](const Row& a, const Row& b) {
      return std::tuple(a.user, a.timestamp) < std::tuple(b.user, b.timestamp);
    });
    std::uint32_t count = 0;
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      count = r > 0 && rows_[r].user == rows_[r - 1].user ? count + 1 : 0;
      rows_[r].session = count / k_pages;
      rows_[r].page = count % k_pages;
      rows_[r].period = rows_[r].position = 0;
    }
  }

  ImpressionLog to_log() const {
    ImpressionLog log;
    for (const Row& row : rows_) {
      log.user.emplace_back(row.user);
      log.period.push_back(row.period);
      log.session.push_back(row.session);
      log.page.push_back(row.page);
      log.position.push_back(row.position);
      log.item.emplace_back(row.item);
      log.log_propensity.push_back(row.log_propensity);
      log.clicked.push_back(row.clicked);
      log.timestamp.push_back(row.timestamp);
      if (columns_.log_marginal >= 0) log.log_marginal.push_back(row.log_marginal);
      if (columns_.price >= 0) log.price.push_back(row.price);
    }
    log.policy = options_.policy;
    log.logging = logging_kind_of(options_.logging);
    log.clicked_stay = options_.clicked_items == "stay";
    return log;
  }

  TableImport& import_;
  const ImpressionOptions& options_;
  const std::string& unknown_users_;
  const std::string& unknown_items_;
  EntityImport& users_;
  EntityImport& items_;
  ImpressionColumns columns_;
  std::vector<Row> rows_;
};

}  // namespace

ImpressionLog import_impressions(TableImport& import, const Mapping& mapping, EntityImport& users,
                                 EntityImport& items) {
  ImpressionRows rows(import, mapping, users, items);
  import.each_row(rows.columns(), [&](const Record& record) { return rows.accept(record);
});
return std::move(rows).finish();
}  // namespace coldframe::detail

Interactions clicks_of(const ImpressionLog& log, bool timed) {
  Interactions clicks;
  for (std::size_t row = 0; row < log.size(); ++row) {
    if (log.clicked[row] == 0) continue;
    clicks.user.push_back(log.user[row]);
    clicks.item.push_back(log.item[row]);
    if (timed) clicks.timestamp.push_back(log.timestamp[row]);
  }
  return clicks;
}

}  // namespace coldframe::detail
