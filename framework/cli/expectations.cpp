#include "framework/cli/expectations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace coldframe {
namespace {

struct Bound {
  std::string_view comparison;
  double number = 0;

  bool holds(double value) const {
    if (comparison == ">=") return value >= number;
    if (comparison == "<=") return value <= number;
    return comparison == ">" ? value > number : value < number;
  }
};

Bound parse_bound(const FreeValue& line) {
  std::string_view text = line.text;
  Bound bound;
  for (const std::string_view comparison : {">=", "<=", ">", "<"}) {
    if (bound.comparison.empty() && text.starts_with(comparison)) bound.comparison = comparison;
  }
  text.remove_prefix(bound.comparison.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound.number);
  if (bound.comparison.empty() || error != std::errc() || end != text.data() + text.size()) {
    throw ConfigError(fmt::format("expect.{} = {} in {}", line.key, line.text, line.origin.text()),
                      "must be a comparison and a number", "try >= 0.30");
  }
  return bound;
}

const NewcomerRow* find_row(const RunRecord& record, std::string_view name) {
  const auto found = std::ranges::find(record.newcomers, name, &NewcomerRow::name);
  return found == record.newcomers.end() ? nullptr : &*found;
}

/// Columns: strategy, popularity, random.
PairedBootstrap paired(const ShotRow& mine, const ShotRow& popularity, const ShotRow& random, std::size_t metric,
                       const NewcomerTable& table, const BootstrapOptions& options) {
  PairedBootstrap pairs(3, options);
  for (std::size_t u = 0; u < table.users.size(); ++u) {
    const double values[] = {mine.values[metric][u], popularity.values[metric][u], random.values[metric][u]};
    pairs.add(table.users[u], values);
  }
  return pairs;
}

}  // namespace

std::vector<ExpectationResult> check_expectations(std::span<const FreeValue> bounds,
                                                  const std::map<std::string, double>& measures) {
  std::vector<ExpectationResult> results;
  for (const FreeValue& line : bounds) {
    const Bound bound = parse_bound(line);
    const auto found = measures.find(line.key);
    if (found == measures.end()) {
      std::vector<std::string> known;
      for (const auto& [name, value] : measures) known.push_back(name);
      throw ConfigError(fmt::format("expect.{} in {} is no measure", line.key, line.origin.text()), "",
                        suggest_name(line.key, known));
    }
    results.push_back({line.key, line.text, found->second, bound.holds(found->second)});
  }
  return results;
}

std::map<std::string, double> newcomer_measures(const RunRecord& record, const BootstrapOptions& bootstrap) {
  std::map<std::string, double> measures;
  const std::string name = record.summary.at("variant");
  const NewcomerRow *pure = find_row(record, name), *with_prior = find_row(record, name + " + item prior");
  const NewcomerRow *popularity = find_row(record, "popularity"), *random = find_row(record, "random");
  if (pure == nullptr || popularity == nullptr || random == nullptr) return measures;
  for (const ShotRow& shot : pure->table.rows) {
    for (std::size_t m = 0; m < pure->table.metrics.size(); ++m) {
      const std::string key = fmt::format("evaluation.{}.shot{}", to_string(pure->table.metrics[m]), shot.shots);
      const PairedBootstrap pairs = paired(shot, *popularity->table.find(shot.shots), *random->table.find(shot.shots), m,
                                           pure->table, bootstrap);
      measures[key] = shot.mean(m);
      measures[key + ".over_popularity"] = pairs.ratio(0, 1).value;
      const Estimate gain = pairs.difference(0, 2);
      if (gain.interval) measures[key + ".minus_random.low"] = gain.interval->low;
      if (with_prior != nullptr) measures[key + ".with_prior"] = with_prior->table.find(shot.shots)->mean(m);
    }
  }
  return measures;
}

std::string expectations_text(std::span<const ExpectationResult> results) {
  std::string text;
  for (const ExpectationResult& result : results) {
    text += fmt::format("expect {:<52} {:<10} found {:<10.4f} {}\n", result.key, result.bound, result.value,
                        result.met ? "met" : "MISSED");
  }
  return text;
}

}  // namespace coldframe
