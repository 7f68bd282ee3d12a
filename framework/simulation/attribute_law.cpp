#include "framework/simulation/attribute_law.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "framework/core/error.h"
#include "framework/core/log.h"

namespace coldframe {
namespace {

constexpr double k_largest_number = 1e15;  // whole numbers up to here are exact
constexpr std::size_t k_most_levels = 1024;

const AttributeColumn& column_of(const Dataset& data, const std::string& name) {
  const AttributeColumn* column = data.users.find(name);
  if (column == nullptr) {
    std::string known;
    for (const AttributeColumn& other : data.users.columns) known += (known.empty() ? "" : ", ") + other.name;
    throw ConfigError(fmt::format("population.attributes names '{}'", name), "no such user attribute",
                      known.empty() ? "this data set has none, leave the list empty" : "known: " + known);
  }
  if (column->kind != AttributeKind::category && column->kind != AttributeKind::number) {
    throw ConfigError(fmt::format("population.attributes names '{}'", name), "it is text, or several values per user",
                      "use categories and numbers only");
  }
  return *column;
}

void make_category_levels(const AttributeColumn& column, std::span<const UserId> users, std::int64_t minimum_count,
                          AttributeField& field) {
  std::map<std::string, std::int64_t> counts;
  bool missing = false;
  for (const UserId user : users) {
    const std::string& text = column.texts[user.value()];
    if (text.empty()) {
      missing = true;
    } else {
      ++counts[text];
    }
  }
  bool rare = false;
  for (const auto& [level, count] : counts) {
    if (level == k_other_level || level == k_unknown_level) continue;
    if (count >= minimum_count) {
      field.levels.push_back(level);
    } else {
      rare = true;
    }
  }
  if (rare || counts.contains(std::string(k_other_level))) field.levels.emplace_back(k_other_level);
  if (missing || counts.contains(std::string(k_unknown_level))) field.levels.emplace_back(k_unknown_level);
}

void make_bands(const AttributeColumn& column, std::span<const UserId> users, std::int64_t bands,
                AttributeField& field) {
  std::vector<double> values;
  bool missing = false;
  for (const UserId user : users) {
    const double value = column.numbers[user.value()];
    if (std::isnan(value)) {
      missing = true;
    } else {
      values.push_back(std::clamp(value, -k_largest_number, k_largest_number));
    }
  }
  std::sort(values.begin(), values.end());
  std::vector<std::int64_t> inner;
  for (std::int64_t band = 1; band < bands && !values.empty(); ++band) {
    const std::size_t at = values.size() * static_cast<std::size_t>(band) / static_cast<std::size_t>(bands);
    const auto edge = static_cast<std::int64_t>(std::floor(values[at]));
    if (inner.empty() || edge > inner.back()) inner.push_back(edge);
  }
  if (!values.empty()) {
    // The outer limits come from the neighbouring band or, without one, the median: extreme values are somebody's.
    const auto middle = static_cast<std::int64_t>(std::floor(values[values.size() / 2]));
    if (inner.empty()) inner.push_back(middle);
    const std::int64_t low_width = inner.size() > 1 ? inner[1] - inner[0] : std::max<std::int64_t>(1, inner[0] / 4);
    const std::int64_t high_width =
        inner.size() > 1 ? inner.back() - inner[inner.size() - 2] : std::max<std::int64_t>(1, inner[0] / 4);
    field.edges.push_back(inner.front() - low_width);
    field.edges.insert(field.edges.end(), inner.begin(), inner.end());
    field.edges.push_back(inner.back() + high_width);
  }
  for (std::size_t level = 0; level + 1 < field.edges.size(); ++level) {
    field.levels.push_back(fmt::format("{}-{}", field.edges[level], field.edges[level + 1] - 1));
  }
  if (missing) field.levels.emplace_back(k_unknown_level);
}

std::uint16_t position_of(const AttributeField& field, std::string_view level) {
  const auto found = std::find(field.levels.begin(), field.levels.end(), level);
  return static_cast<std::uint16_t>(found - field.levels.begin());
}

std::uint16_t level_of(const AttributeField& field, const AttributeColumn& column, UserId user) {
  const std::size_t last = field.levels.size() - 1;
  if (field.scale == AttributeScale::banded) {
    const double value = column.numbers[user.value()];
    if (std::isnan(value))
      return std::min<std::uint16_t>(position_of(field, k_unknown_level), static_cast<std::uint16_t>(last));
    const std::size_t bands = field.edges.empty() ? 0 : field.edges.size() - 1;
    std::size_t band = 0;
    while (band + 1 < bands && value >= static_cast<double>(field.edges[band + 1])) ++band;
    return static_cast<std::uint16_t>(band);
  }
  const std::string& text = column.texts[user.value()];
  for (const std::string_view wanted :
       {text.empty() ? k_unknown_level : std::string_view(text), k_other_level, k_unknown_level}) {
    const std::uint16_t level = position_of(field, wanted);
    if (level < field.levels.size()) return level;
  }
  return static_cast<std::uint16_t>(last);
}

/// Every level is a coordinate of x, and every pair of levels of two attributes a probability.
void require_few_levels(const AttributeField& field, const AttributeLawOptions& options) {
  if (field.levels.size() <= k_most_levels) return;
  throw ConfigError(fmt::format("population.minimum_level_count = {}", options.minimum_level_count),
                    fmt::format("{} has {} levels, more than {}", field.name, field.levels.size(), k_most_levels),
                    "raise it, or leave the attribute out of population.attributes");
}

bool has_fractions(const AttributeColumn& column, std::span<const UserId> users) {
  if (column.kind != AttributeKind::number) return false;
  return std::any_of(users.begin(), users.end(), [&](UserId user) {
    const double value = column.numbers[user.value()];
    return std::abs(value) < k_largest_number && value != std::floor(value);
  });
}

using PairCounts = std::vector<double>;  // [parent levels, child levels]

PairCounts count_pairs(const std::vector<std::vector<std::uint16_t>>& rows, std::size_t parent, std::size_t child,
                       std::size_t parent_levels, std::size_t child_levels) {
  PairCounts counts(parent_levels * child_levels, 0.0);
  for (const auto& row : rows) counts[row[parent] * child_levels + row[child]] += 1.0;
  return counts;
}

std::vector<double> smoothed_conditional(const PairCounts& counts, std::span<const double> margin, double smoothing) {
  std::vector<double> conditional(counts.size());
  const std::size_t levels = margin.size();
  for (std::size_t from = 0; from * levels < counts.size(); ++from) {
    double total = smoothing;
    for (std::size_t to = 0; to < levels; ++to) total += counts[from * levels + to];
    for (std::size_t to = 0; to < levels; ++to) {
      conditional[from * levels + to] = (counts[from * levels + to] + smoothing * margin[to]) / total;
    }
  }
  return conditional;
}

double mutual_information(std::span<const double> parent_margin, std::span<const double> margin,
                          std::span<const double> conditional) {
  double sum = 0;
  for (std::size_t from = 0; from < parent_margin.size(); ++from) {
    for (std::size_t to = 0; to < margin.size(); ++to) {
      const double p = conditional[from * margin.size() + to];
      if (p > 0) sum += parent_margin[from] * p * std::log(p / margin[to]);
    }
  }
  return sum;
}

std::uint16_t draw_level(std::span<const double> law, double uniform) {
  double below = 0;
  for (std::size_t level = 0; level + 1 < law.size(); ++level) {
    below += law[level];
    if (uniform < below) return static_cast<std::uint16_t>(level);
  }
  return static_cast<std::uint16_t>(law.size() - 1);
}

}  // namespace

AttributeLaw::AttributeLaw(std::vector<AttributeField> fields) : fields_(std::move(fields)) {
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    const AttributeField& field = fields_[f];
    const bool parent_known = field.parent >= -1 && field.parent < static_cast<std::int32_t>(f);
    const std::size_t rows = field.parent < 0 || !parent_known ? 0 : fields_[field.parent].levels.size();
    if (field.levels.empty() || field.margin.size() != field.levels.size() || !parent_known ||
        field.conditional.size() != rows * field.levels.size() ||
        (field.scale == AttributeScale::banded && field.edges.size() > field.levels.size() + 1)) {
      throw DataError(fmt::format("attribute law of '{}'", field.name), "its tables do not fit together",
                      "write the population again");
    }
  }
}

AttributeLaw AttributeLaw::fit(const Dataset& data, std::span<const UserId> users, const AttributeLawOptions& options) {
  if (users.empty() && !options.names.empty()) {
    throw DataError("attribute law", "role W has no users", "use more users, or another fold");
  }
  AttributeLaw law;
  std::vector<const AttributeColumn*> columns;
  for (const std::string& name : options.names) {
    const AttributeColumn& column = column_of(data, name);
    AttributeField field;
    field.name = name;
    if (column.kind == AttributeKind::number) {
      field.scale = AttributeScale::banded;
      make_bands(column, users, options.bands, field);
    } else {
      make_category_levels(column, users, options.minimum_level_count, field);
    }
    require_few_levels(field, options);
    if (has_fractions(column, users)) {
      log_warning("population.attributes: {} has fractions, and newcomers get whole numbers of it", name);
    }
    law.fields_.push_back(std::move(field));
    columns.push_back(&column);
  }
  std::vector<std::vector<std::uint16_t>> rows;
  for (const UserId user : users) rows.push_back(law.levels_of(data, user));
  for (std::size_t f = 0; f < law.fields_.size(); ++f) {
    AttributeField& field = law.fields_[f];
    field.margin.assign(field.levels.size(), 0.0);
    // Half a user per level keeps every level possible.
    const double total = static_cast<double>(rows.size()) + 0.5 * static_cast<double>(field.levels.size());
    for (const auto& row : rows) field.margin[row[f]] += 1.0;
    for (double& share : field.margin) share = (share + 0.5) / total;
    double best = -1;
    for (std::size_t parent = 0; parent < f; ++parent) {
      const AttributeField& other = law.fields_[parent];
      auto conditional = smoothed_conditional(count_pairs(rows, parent, f, other.levels.size(), field.levels.size()),
                                              field.margin, options.smoothing);
      const double information = mutual_information(other.margin, field.margin, conditional);
      if (information > best) {
        best = information;
        field.parent = static_cast<std::int32_t>(parent);
        field.conditional = std::move(conditional);
      }
    }
  }
  return law;
}

Attributes AttributeLaw::draw(const KeyedRandom& random, UserKey user) const {
  Attributes drawn;
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    const AttributeField& field = fields_[f];
    const auto slot = static_cast<std::uint32_t>(2 * f);
    std::span<const double> law = field.margin;
    if (field.parent >= 0) {
      law = std::span(field.conditional).subspan(drawn.levels[field.parent] * field.levels.size(), field.levels.size());
    }
    const std::uint16_t level = draw_level(law, random.uniform(user, 0, 0, slot));
    drawn.levels.push_back(level);
    if (field.levels[level] == k_unknown_level) {
      drawn.values.emplace_back();
    } else if (field.scale == AttributeScale::banded) {
      const auto width = static_cast<double>(field.edges[level + 1] - field.edges[level]);
      const auto offset = static_cast<std::int64_t>(random.uniform(user, 0, 0, slot + 1) * width);
      drawn.values.push_back(std::to_string(field.edges[level] + offset));
    } else {
      drawn.values.push_back(field.levels[level]);
    }
  }
  return drawn;
}

std::vector<std::uint16_t> AttributeLaw::levels_of(const Dataset& data, UserId user) const {
  std::vector<std::uint16_t> levels;
  for (const AttributeField& field : fields_) levels.push_back(level_of(field, column_of(data, field.name), user));
  return levels;
}

std::size_t AttributeLaw::encoded_size() const {
  std::size_t size = 0;
  for (const AttributeField& field : fields_) size += field.levels.size();
  return size;
}

std::vector<double> AttributeLaw::encode(std::span<const std::uint16_t> levels) const {
  std::vector<double> x;
  x.reserve(encoded_size());
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    for (std::size_t level = 0; level < fields_[f].levels.size(); ++level) {
      x.push_back((levels[f] == level ? 1.0 : 0.0) - fields_[f].margin[level]);
    }
  }
  return x;
}

std::int32_t AttributeLaw::find(std::string_view name) const {
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    if (fields_[f].name == name) return static_cast<std::int32_t>(f);
  }
  return -1;
}

}  // namespace coldframe
