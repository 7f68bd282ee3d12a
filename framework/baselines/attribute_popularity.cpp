#include "framework/baselines/attribute_popularity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "framework/core/error.h"

namespace coldframe {
namespace {

/// Categories of a row, sorted and without empty ones.
std::vector<std::string> values_of(const AttributeColumn& column, UserId user) {
  std::vector<std::string> values;
  if (column.kind == AttributeKind::category) values = {column.texts[user.value()]};
  if (column.kind == AttributeKind::multi) values = column.values[user.value()];
  std::erase(values, "");
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

double standard_deviation(const std::vector<double>& numbers) {
  double count = 0.0;
  double sum = 0.0;
  for (const double number : numbers) {
    if (!std::isfinite(number)) continue;
    count += 1.0;
    sum += number;
  }
  double squares = 0.0;
  for (const double number : numbers) {
    if (std::isfinite(number)) squares += (number - sum / count) * (number - sum / count);
  }
  return count > 0.0 ? std::sqrt(squares / count) : 0.0;
}

double jaccard(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.empty() || b.empty()) return 0.0;
  std::vector<std::string> shared;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
  return static_cast<double>(shared.size()) / static_cast<double>(a.size() + b.size() - shared.size());
}

void check(const AttributePopularityOptions& options) {
  const auto inside = [](double value, double low, double high) { return value > low && value <= high; };
  if (!inside(options.bandwidth, 0.0, 1e6) || !inside(options.mismatch, 0.0, 1.0) ||
      !(options.shrinkage >= 0.0 && options.shrinkage <= 1.0)) {
    throw ConfigError(fmt::format("popularity by attributes with bandwidth {}, mismatch {}, shrinkage {}",
                                  options.bandwidth, options.mismatch, options.shrinkage),
                      "bandwidth > 0, 0 < mismatch <= 1 and 0 <= shrinkage <= 1 are needed");
  }
}

}  // namespace

AttributePopularity::AttributePopularity(const TrainingLikes& training, const EntityTable& users,
                                         const AttributePopularityOptions& options)
    : options_(options), items_(training.items), likes_(training.likes) {
  training.check();
  check(options);
  const auto people = static_cast<double>(std::max<std::size_t>(training.users.size(), 1));
  for (const std::uint64_t count : training.item_counts()) popularity_.push_back(static_cast<double>(count) / people);
  for (const AttributeColumn& source : users.columns) {
    if (source.kind == AttributeKind::text) continue;
    Column column{source.name, source.kind, 0.0, {}, {}};
    for (const UserId user : training.users) {
      if (source.kind == AttributeKind::number) {
        column.numbers.push_back(source.numbers[user.value()]);
      } else {
        column.values.push_back(values_of(source, user));
      }
    }
    column.bandwidth = options.bandwidth * standard_deviation(column.numbers);
    columns_.push_back(std::move(column));
  }
}

struct AttributePopularity::Asked {
  double number = 0.0;
  std::vector<std::string> values;
};

double AttributePopularity::similarity(const Column& column, std::size_t training_user, const Asked& asked) const {
  if (column.kind == AttributeKind::number) {
    const double distance = asked.number - column.numbers[training_user];
    if (!std::isfinite(distance)) return options_.mismatch;
    if (distance == 0.0 || column.bandwidth == 0.0) return distance == 0.0 ? 1.0 : options_.mismatch;
    const double scaled = distance / column.bandwidth;
    return std::max(options_.mismatch * options_.mismatch, std::exp(-0.5 * scaled * scaled));
  }
  return std::pow(options_.mismatch, 1.0 - jaccard(column.values[training_user], asked.values));
}

std::vector<double> AttributePopularity::weights(const BaselineQuery& query) const {
  std::vector<double> weights(likes_.size(), 1.0);
  if (query.attributes == nullptr) return weights;
  for (const Column& column : columns_) {
    const AttributeColumn* theirs = query.attributes->find(column.name);
    if (theirs == nullptr) continue;
    if (theirs->kind != column.kind) {
      throw DataError(fmt::format("user attribute {} changed its kind", column.name),
                      "it was fitted on another kind of column", "use one mapping for both data sets");
    }
    Asked asked;
    if (column.kind == AttributeKind::number) {
      asked.number = theirs->numbers[query.user.value()];
    } else {
      asked.values = values_of(*theirs, query.user);
    }
    for (std::size_t v = 0; v < weights.size(); ++v) weights[v] *= similarity(column, v, asked);
  }
  return weights;
}

void AttributePopularity::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == items_);
  const std::vector<double> weight = weights(query);
  std::vector<double> liked(items_, 0.0);
  double total = 0.0;
  for (std::size_t v = 0; v < weight.size(); ++v) {
    total += weight[v];
    for (const ItemId item : likes_[v]) liked[item.value()] += weight[v];
  }
  const double share = total > 0.0 ? (1.0 - options_.shrinkage) / total : 0.0;
  for (std::size_t i = 0; i < items_; ++i) {
    scores[i] = static_cast<float>(share * liked[i] + options_.shrinkage * popularity_[i]);
  }
}

}  // namespace coldframe
