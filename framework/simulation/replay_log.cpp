#include "framework/simulation/replay_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

/// Columns of the simulated users in the shape the importer gives real ones, so that one template serves both.
std::vector<AttributeColumn> empty_columns(const AttributeLaw& law) {
  std::vector<AttributeColumn> columns;
  for (const AttributeField& field : law.fields()) {
    AttributeColumn column;
    column.name = field.name;
    column.kind = field.scale == AttributeScale::banded ? AttributeKind::number : AttributeKind::category;
    columns.push_back(std::move(column));
  }
  return columns;
}

void add_user(EntityTable& users, std::uint64_t number, const Attributes& attributes) {
  users.ids.push_back(simulated_user_id(number));
  for (std::size_t f = 0; f < users.columns.size(); ++f) {
    AttributeColumn& column = users.columns[f];
    const std::string& value = attributes.values[f];
    if (column.kind == AttributeKind::category) {
      column.texts.push_back(value);
      continue;
    }
    double number_value = std::numeric_limits<double>::quiet_NaN();
    std::from_chars(value.data(), value.data() + value.size(), number_value);
    column.numbers.push_back(number_value);
  }
}

/// A column that is empty where a page lacks it.
double cell(const std::vector<double>& column, std::size_t k) {
  return column.empty() ? std::numeric_limits<double>::quiet_NaN() : column[k];
}

void add_like(UserId user, ItemId item, std::int64_t timestamp, Interactions& likes) {
  likes.user.push_back(user);
  likes.item.push_back(item);
  likes.timestamp.push_back(timestamp);
}

void add_page(const PageRow& page, UserId user, SimulatedLog& log) {
  for (std::size_t k = 0; k < page.given_likes.size(); ++k) {
    const auto seconds_before = static_cast<std::int64_t>(page.given_likes.size() - k);
    add_like(user, page.given_likes[k], page.timestamp - seconds_before, log.data.interactions);
  }
  ImpressionLog& shown = log.impressions;
  for (std::size_t k = 0; k < page.items.size(); ++k) {
    shown.user.push_back(user);
    shown.period.push_back(page.period);
    shown.session.push_back(page.session);
    shown.page.push_back(page.page);
    shown.position.push_back(static_cast<std::uint32_t>(k));
    shown.item.push_back(page.items[k]);
    shown.log_propensity.push_back(cell(page.position_log_propensity, k));
    shown.log_marginal.push_back(cell(page.position_log_marginal, k));
    shown.clicked.push_back(page.clicks[k]);
    shown.timestamp.push_back(page.timestamp);
    shown.query.push_back(page.query == k_no_query ? 0 : page.query + 1);
    if (page.clicks[k] != 0) add_like(user, page.items[k], page.timestamp, log.data.interactions);
  }
}

/// The texts that the rows name, in the order of their first row.
void add_queries(std::span<const Query> queries, ImpressionLog& shown) {
  if (queries.empty()) return shown.query.clear();
  std::vector<std::uint32_t> number(queries.size() + 1, 0);
  shown.queries = {""};
  for (std::uint32_t& query : shown.query) {
    if (query > 0 && number[query] == 0) {
      number[query] = static_cast<std::uint32_t>(shown.queries.size());
      shown.queries.push_back(queries[query - 1].text);
    }
    query = number[query];
  }
}

}  // namespace

std::string simulated_user_id(std::uint64_t number) { return fmt::format("sim-{}", number); }

std::optional<std::uint64_t> simulated_user_number(std::string_view id) {
  if (!id.starts_with("sim-")) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data() + 4, id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

SimulatedLog make_simulated_log(const Dataset& source, const Population& population, const PolicyOutcome& outcome,
                                PolicyKind kind, const SimulationOptions& options, std::span<const Query> queries) {
  require_same_items(population, source);
  if (outcome.log.empty() && outcome.pages > 0 && options.log_share >= 1.0) {
    throw ConfigError(fmt::format("log of policy '{}'", outcome.policy), "its pages were not kept",
                      "replay with the log kept");
  }
  SimulatedLog log;
  log.data.meta.name = fmt::format("{} simulated from {}", outcome.policy, population.data_name);
  log.data.meta.licence = population.licence;
  log.data.meta.importer = "coldframe simulate";
  log.data.items = source.items;
  log.data.item_available_from = source.item_available_from;
  log.data.item_available_to = source.item_available_to;
  log.data.users.columns = empty_columns(population.observables.law);
  log.impressions.policy = outcome.policy;
  log.impressions.logging = kind == PolicyKind::stochastic ? LoggingKind::stochastic : LoggingKind::deterministic;
  log.impressions.clicked_stay = options.clicked_items == "stay";

  std::size_t row = 0;
  for (const UserRow& user : outcome.users) {
    const UserId id(static_cast<std::uint32_t>(log.data.users.ids.size()));
    if (row == outcome.log.size() || outcome.log[row].user != user.user) continue;
    add_user(log.data.users, user.user, population.observables.pool[outcome.log[row].profile].attributes);
    for (; row < outcome.log.size() && outcome.log[row].user == user.user; ++row) add_page(outcome.log[row], id, log);
  }
  const auto unknown = [](double p) { return std::isnan(p); };
  if (std::ranges::all_of(log.impressions.log_marginal, unknown)) log.impressions.log_marginal.clear();
  add_queries(queries, log.impressions);
  sort_interactions(log.data);
  return log;
}

}  // namespace coldframe
