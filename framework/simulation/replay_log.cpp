#include "framework/simulation/replay_log.h"

#include <fmt/format.h>

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
  users.ids.push_back(fmt::format("sim-{}", number));
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

}  // namespace

SimulatedLog make_simulated_log(const Dataset& source, const Population& population, const PolicyOutcome& outcome) {
  require_same_items(population, source);
  if (outcome.log.empty() && outcome.pages > 0) {
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

  std::size_t row = 0;
  for (const UserRow& user : outcome.users) {
    const UserId id(static_cast<std::uint32_t>(log.data.users.ids.size()));
    if (row == outcome.log.size() || outcome.log[row].user != user.user) continue;
    add_user(log.data.users, user.user, population.observables.pool[outcome.log[row].profile].attributes);
    for (; row < outcome.log.size() && outcome.log[row].user == user.user; ++row) {
      const PageRow& page = outcome.log[row];
      for (std::size_t k = 0; k < page.items.size(); ++k) {
        ImpressionLog& shown = log.impressions;
        shown.user.push_back(id);
        shown.period.push_back(page.period);
        shown.session.push_back(page.session);
        shown.page.push_back(page.page);
        shown.position.push_back(static_cast<std::uint32_t>(k));
        shown.item.push_back(page.items[k]);
        shown.log_propensity.push_back(page.position_log_propensity.empty() ? std::numeric_limits<double>::quiet_NaN()
                                                                            : page.position_log_propensity[k]);
        shown.clicked.push_back(page.clicks[k]);
        shown.timestamp.push_back(page.timestamp);
        if (page.clicks[k] == 0) continue;
        log.data.interactions.user.push_back(id);
        log.data.interactions.item.push_back(page.items[k]);
        log.data.interactions.timestamp.push_back(page.timestamp);
      }
    }
  }
  sort_interactions(log.data);
  return log;
}

}  // namespace coldframe
