#include "framework/simulation/population_mix.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"

namespace coldframe {
namespace {

struct Level {
  std::size_t field;
  std::uint16_t level;
  bool operator==(const Level&) const = default;
};

Level find_level(const AttributeLaw& law, const LevelWeight& entry) {
  const std::int32_t field = law.find(entry.attribute);
  if (field < 0) {
    std::vector<std::string> names;
    for (const AttributeField& known : law.fields()) names.push_back(known.name);
    throw ConfigError(fmt::format("mix_drift.weights names '{}'", entry.attribute), "newcomers have no such attribute",
                      names.empty() ? "this population has none" : fmt::format("use {}", fmt::join(names, ", ")));
  }
  const std::vector<std::string>& levels = law.fields()[static_cast<std::size_t>(field)].levels;
  const auto found = std::ranges::find(levels, entry.level);
  if (found == levels.end()) {
    throw ConfigError(fmt::format("mix_drift.weights names '{}' of {}", entry.level, entry.attribute),
                      "no newcomer has that", fmt::format("use {}", fmt::join(levels, ", ")));
  }
  return {static_cast<std::size_t>(field), static_cast<std::uint16_t>(found - levels.begin())};
}

}  // namespace

PopulationMix::PopulationMix(const PopulationObservables& observables, const MixDriftOptions& options)
    : options_(options) {
  const std::vector<Profile>& pool = observables.pool;
  std::vector<double> weights(pool.size(), 1.0);
  std::vector<Level> named;
  for (const std::string& text : options.weights) {
    const LevelWeight entry = parse_level_weight(text).value();
    const Level level = find_level(observables.law, entry);
    if (std::ranges::find(named, level) != named.end()) {
      throw ConfigError(fmt::format("mix_drift.weights names '{}' of {} twice", entry.level, entry.attribute),
                        "a level has one weight", "remove one of them");
    }
    named.push_back(level);
    shares_.push_back({entry.attribute, entry.level, 0, 0});
    for (std::size_t p = 0; p < pool.size(); ++p) {
      if (pool[p].attributes.levels[level.field] == level.level) weights[p] *= entry.weight;
    }
  }
  double total = 0;
  for (const double weight : weights) up_to_.push_back(total += weight);
  if (!(total > 0)) {
    throw ConfigError(fmt::format("mix_drift.weights = {}", fmt::join(options.weights, ", ")), "nobody would be left",
                      "give some profiles a weight above 0");
  }
  if (std::isinf(total)) {
    throw ConfigError(fmt::format("mix_drift.weights = {}", fmt::join(options.weights, ", ")),
                      "their products are beyond all numbers", "only ratios count: use smaller ones");
  }
  for (double& share : up_to_) share /= total;
  for (std::size_t s = 0; s < shares_.size(); ++s) {
    for (std::size_t p = 0; p < pool.size(); ++p) {
      if (pool[p].attributes.levels[named[s].field] != named[s].level) continue;
      shares_[s].before += 1.0 / static_cast<double>(pool.size());
      shares_[s].after += weights[p] / total;
    }
  }
}

std::uint32_t PopulationMix::profile(const SimulationRandom& random, UserKey user, std::uint32_t period) const {
  const auto pool = static_cast<std::uint32_t>(up_to_.size());
  const double weight = options_.weight(period);
  if (weight == 0 || random.mix_coin(user) >= weight) return uniform_below(random.profile_word(user), pool);
  const auto at = std::ranges::upper_bound(up_to_, random.mix_profile(user));
  return static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(at - up_to_.begin(), pool - 1));
}

}  // namespace coldframe
