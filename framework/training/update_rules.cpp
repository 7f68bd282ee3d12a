#include "framework/training/update_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "framework/core/error.h"
#include "framework/model/site_numbers.h"

namespace coldframe {
namespace {

constexpr std::int64_t k_embeddings = -1;  // below layer 0

/// "lora.encoder.layer.3.attention.self.query.A" -> 3; "embeddings.LayerNorm.bias" -> -1; what belongs to no place in
/// the encoder (the temperature, what adapters of all layers share): none.
std::optional<std::int64_t> layer_of(const std::string& name) {
  constexpr std::string_view mark = "layer.";
  for (std::size_t at = name.find(mark); at != std::string::npos; at = name.find(mark, at + 1)) {
    if (at > 0 && name[at - 1] != '.') continue;
    std::int64_t layer = 0;
    const char* begin = name.data() + at + mark.size();
    const auto [end, error] = std::from_chars(begin, name.data() + name.size(), layer);
    if (error == std::errc() && end != name.data() + name.size() && *end == '.') return layer;
  }
  if (name.starts_with("embeddings.") || name.starts_with("encoder.")) return k_embeddings;
  return std::nullopt;
}

/// Layers of the encoder: one more than the highest that some parameter names.
std::int64_t layer_count(const ParameterStore& parameters) {
  std::int64_t highest = -1;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    highest = std::max(highest, layer_of(parameters.info(static_cast<ParameterIndex>(i)).name).value_or(-1));
  }
  return highest + 1;
}

double power(double base, std::int64_t exponent) {
  double result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) result *= base;
  return result;
}

struct TrainedNames {
  std::vector<ParameterIndex> indices;
  std::vector<std::string> names;
};

TrainedNames trained_names(const ParameterStore& parameters) {
  TrainedNames trained;
  for (const ParameterIndex index : parameters.trainable()) {
    trained.indices.push_back(index);
    trained.names.push_back(parameters.info(index).name);
  }
  return trained;
}

/// The numbers that patterns give to the trained parameters; NaN where none does.
std::vector<double> pattern_numbers(const std::vector<std::string>& patterns, const TrainedNames& trained,
                                    const std::string& key, double minimum, double maximum, std::string_view range) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (patterns.empty()) return std::vector<double>(trained.names.size(), none);
  std::vector<double> numbers = numbers_of_sites(patterns, trained.names, none, key);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (std::isnan(numbers[i]) || (numbers[i] >= minimum && numbers[i] <= maximum)) continue;
    throw ConfigError(fmt::format("{} gives {} to {}", key, numbers[i], trained.names[i]),
                      fmt::format("must be {}", range));
  }
  return numbers;
}

/// Trained layers from the highest: 0, 1, 2 ...
std::vector<std::int64_t> ranks_of_layers(const TrainedNames& trained) {
  std::set<std::int64_t, std::greater<>> layers;
  for (const std::string& name : trained.names) {
    if (const auto layer = layer_of(name)) layers.insert(*layer);
  }
  std::vector<std::int64_t> ranks;
  for (const std::string& name : trained.names) {
    const auto layer = layer_of(name);
    ranks.push_back(layer ? std::distance(layers.begin(), layers.find(*layer)) : 0);
  }
  return ranks;
}

void expect_reached(const std::string& name, std::int64_t first_step, std::int64_t steps) {
  if (first_step == 0 || first_step < steps) return;
  throw ConfigError(
      fmt::format("{} would be trained from step {} on", name, first_step), fmt::format("the run has {} steps", steps),
      "lower optimizer.unfreeze_every or optimizer.unfreeze_at, or leave it to the strategy to freeze it");
}

}  // namespace

std::vector<UpdateRule> update_rules(const ParameterStore& parameters, const OptimizerOptions& options,
                                     std::int64_t steps) {
  const TrainedNames trained = trained_names(parameters);
  const double largest = std::numeric_limits<double>::max(), smallest = std::numeric_limits<double>::min();
  const std::vector<double> factors = pattern_numbers(options.learning_rate_factors, trained,
                                                      "optimizer.learning_rate_factors", smallest, largest, "above 0");
  const std::vector<double> decays =
      pattern_numbers(options.weight_decays, trained, "optimizer.weight_decays", 0, 1, "from 0 to 1");
  const std::vector<double> starts =
      pattern_numbers(options.unfreeze_at, trained, "optimizer.unfreeze_at", 0, 1e15, "a step from 0 on");
  const std::vector<std::int64_t> ranks = ranks_of_layers(trained);
  const std::int64_t layers = layer_count(parameters);
  std::vector<UpdateRule> rules(parameters.size());
  for (std::size_t i = 0; i < trained.indices.size(); ++i) {
    const ParameterInfo& info = parameters.info(trained.indices[i]);
    UpdateRule& rule = rules[static_cast<std::size_t>(trained.indices[i])];
    const std::int64_t below = layers - 1 - layer_of(info.name).value_or(layers - 1);
    rule.learning_rate_factor = info.learning_rate_factor * power(options.layer_decay, below);
    if (!std::isnan(factors[i])) rule.learning_rate_factor *= factors[i];
    rule.weight_decay = !std::isnan(decays[i]) ? decays[i] : info.decay ? options.weight_decay : 0.0;
    rule.first_step = !std::isnan(starts[i]) ? std::llround(starts[i]) : options.unfreeze_every * ranks[i];
    if (!std::isnan(starts[i]) && starts[i] != std::floor(starts[i])) {
      throw ConfigError(fmt::format("optimizer.unfreeze_at gives {} to {}", starts[i], info.name),
                        "must be a whole number of steps");
    }
    expect_reached(info.name, rule.first_step, steps);
  }
  return rules;
}

}  // namespace coldframe
