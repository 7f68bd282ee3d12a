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

}  // namespace

std::string simulated_user_id(std::uint64_t number) { return fmt::format("sim-{}", number); }

std::optional<std::uint64_t> simulated_user_number(std::string_view id) {
  if (!id.starts_with("sim-")) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data() + 4, id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

SimulatedLogBuilder::SimulatedLogBuilder(const Setting& setting)
    : setting_(setting), query_number_(setting.queries.size(), 0) {
  require_same_items(setting.population, setting.source);
  data_.meta.name = fmt::format("{} simulated from {}", setting.policy, setting.population.data_name);
  data_.meta.licence = setting.population.licence;
  data_.meta.importer = "coldframe simulate";
  data_.items = setting.source.items;
  data_.item_available_from = setting.source.item_available_from;
  data_.item_available_to = setting.source.item_available_to;
  data_.users.columns = empty_columns(setting.population.observables.law);
  if (!setting.queries.empty()) queries_ = {""};
}

ImpressionLog SimulatedLogBuilder::empty_rows() const {
  ImpressionLog rows;
  rows.policy = setting_.policy;
  rows.logging = setting_.kind == PolicyKind::stochastic ? LoggingKind::stochastic : LoggingKind::deterministic;
  rows.clicked_stay = setting_.clicked_stay;
  rows.queries = queries_;
  return rows;
}

void SimulatedLogBuilder::add(const PageRow& page, ImpressionLog& rows) {
  if (user_ != page.user)
    add_user(data_.users, page.user, setting_.population.observables.pool[page.profile].attributes);
  user_ = page.user;
  const UserId user(static_cast<std::uint32_t>(data_.users.ids.size() - 1));
  for (std::size_t k = 0; k < page.given_likes.size(); ++k) {
    const auto seconds_before = static_cast<std::int64_t>(page.given_likes.size() - k);
    add_like(user, page.given_likes[k], page.timestamp - seconds_before, data_.interactions);
  }
  std::uint32_t query = 0;
  if (!queries_.empty() && page.query != k_no_query) {
    std::uint32_t& number = query_number_[page.query];
    if (number == 0) {
      number = static_cast<std::uint32_t>(queries_.size());
      queries_.push_back(setting_.queries[page.query].text);
      rows.queries.push_back(queries_.back());
    }
    query = number;
  }
  for (std::size_t k = 0; k < page.items.size(); ++k) {
    rows.user.push_back(user);
    rows.period.push_back(page.period);
    rows.session.push_back(page.session);
    rows.page.push_back(page.page);
    rows.position.push_back(static_cast<std::uint32_t>(k));
    rows.item.push_back(page.items[k]);
    rows.log_propensity.push_back(cell(page.position_log_propensity, k));
    rows.clicked.push_back(page.clicks[k]);
    rows.timestamp.push_back(page.timestamp);
    if (setting_.columns.marginals) rows.log_marginal.push_back(cell(page.position_log_marginal, k));
    if (setting_.columns.prices) rows.price.push_back(page.prices.empty() ? 0.0 : page.prices[k]);
    if (!queries_.empty()) rows.query.push_back(query);
    if (page.clicks[k] != 0) add_like(user, page.items[k], page.timestamp, data_.interactions);
  }
}

Dataset SimulatedLogBuilder::finish() && {
  sort_interactions(data_);
  return std::move(data_);
}

SimulatedLog make_simulated_log(const Dataset& source, const Population& population, const PolicyOutcome& outcome,
                                PolicyKind kind, const SimulationOptions& options, std::span<const Query> queries) {
  if (outcome.log.empty() && outcome.pages > 0 && options.log_share >= 1.0) {
    throw ConfigError(fmt::format("log of policy '{}'", outcome.policy), "its pages were not kept",
                      "replay with the log kept");
  }
  LogColumns columns;
  for (const PageRow& page : outcome.log) columns.add(page);
  SimulatedLogBuilder builder(
      {source, population, outcome.policy, kind, options.clicked_items == "stay", queries, columns});
  SimulatedLog log;
  log.impressions = builder.empty_rows();
  for (const PageRow& page : outcome.log) builder.add(page, log.impressions);
  log.data = std::move(builder).finish();
  return log;
}

}  // namespace coldframe
