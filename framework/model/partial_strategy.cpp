#include "framework/model/partial_strategy.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/model/own_weights_strategy.h"
#include "framework/model/site_patterns.h"

namespace coldframe {
namespace {

/// Patterns "*.layer.5.*" of the highest layers.
std::vector<std::string> top_patterns(std::int64_t top_layers, const Encoder& encoder) {
  if (top_layers > encoder.layers()) {
    throw ConfigError(fmt::format("strategy.partial.top_layers = {}", top_layers),
                      fmt::format("the encoder has {} layers", encoder.layers()));
  }
  std::vector<std::string> patterns;
  for (std::int64_t layer = encoder.layers() - top_layers; layer < encoder.layers(); ++layer) {
    patterns.push_back(fmt::format("layer.{}.*", layer));
  }
  return patterns;
}

std::vector<ParameterIndex> chosen_weights(const PartialOptions& options, const Encoder& encoder,
                                           const ParameterStore& parameters) {
  std::vector<std::string> names;
  for (const ParameterIndex index : encoder.parameters()) names.push_back(parameters.info(index).name);
  std::vector<bool> trained(names.size(), false);
  const auto mark = [&](const std::vector<std::string>& patterns, std::string_view key, bool value) {
    if (patterns.empty()) return;
    for (const std::size_t i : select_sites(patterns, names, key)) trained[i] = value;
  };
  mark(top_patterns(options.top_layers, encoder), "strategy.partial.top_layers", true);
  mark(options.parameters, "strategy.partial.parameters", true);
  mark(options.frozen, "strategy.partial.frozen", false);
  std::vector<ParameterIndex> weights;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (trained[i]) weights.push_back(encoder.parameters()[i]);
  }
  if (weights.empty()) {
    throw ConfigError("strategy.partial.frozen leaves nothing to train", "every weight that was chosen is in it",
                      "choose the strategy frozen instead");
  }
  return weights;
}

}  // namespace

void PartialOptions::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "top_layers", .doc = "how many of the highest layers are trained", .unit = "layers", .minimum = 0},
      top_layers);
  visitor.visit({.name = "parameters",
                 .doc = "weights trained besides: names of the checkpoint with * for any characters; leading parts may "
                        "be left out"},
                parameters);
  visitor.visit({.name = "frozen", .doc = "weights among them that stay as they are"}, frozen);
}

std::vector<Problem> PartialOptions::validate() const {
  if (top_layers == 0 && parameters.empty()) {
    return {{"top_layers", "(nothing would be trained) name strategy.partial.parameters or at least one layer"}};
  }
  return {};
}

StrategyEntry partial_strategy() {
  return {"partial",
          "the highest layers, or any weights by name (arXiv 1911.03090)",
          [] { return std::make_unique<PartialOptions>(); },
          [](const Options& options) {
            const auto& chosen = dynamic_cast<const PartialOptions&>(options);
            return make_own_weights_strategy("partial",
                                             [chosen](const Encoder& encoder, const ParameterStore& parameters) {
                                               return chosen_weights(chosen, encoder, parameters);
                                             });
          },
          true,
          "changed weights"};
}

}  // namespace coldframe
