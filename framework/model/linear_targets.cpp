#include "framework/model/linear_targets.h"

#include <fmt/format.h>

#include <algorithm>

#include "framework/core/error.h"
#include "framework/model/site_patterns.h"

namespace coldframe {
namespace {

void expect_layers(const std::vector<std::int64_t>& layers, const Encoder& encoder, std::string_view kind) {
  for (const std::int64_t layer : layers) {
    if (layer >= 0 && layer < encoder.layers()) continue;
    throw ConfigError(fmt::format("strategy.{}.layers = {}", kind, layer),
                      fmt::format("the encoder has layers 0 to {}", encoder.layers() - 1));
  }
}

}  // namespace

std::vector<LinearTarget> linear_targets(const Encoder& encoder, const ParameterStore& parameters,
                                         const std::vector<std::string>& patterns,
                                         const std::vector<std::int64_t>& layers, std::string_view kind) {
  expect_layers(layers, encoder, kind);
  std::vector<std::string> names;
  std::vector<LinearTarget> candidates;
  for (std::size_t index = 0; index < encoder.linear_sites().size(); ++index) {
    const LinearSite& site = encoder.linear_sites()[index];
    if (!layers.empty() && std::ranges::find(layers, site.layer) == layers.end()) continue;
    const std::string& weight = parameters.info(site.weight).name;
    names.push_back(site.name);
    candidates.push_back({index, site, weight.substr(0, weight.rfind('.'))});
  }
  std::vector<LinearTarget> targets;
  for (const std::size_t chosen : select_sites(patterns, names, fmt::format("strategy.{}.targets", kind))) {
    targets.push_back(std::move(candidates[chosen]));
  }
  return targets;
}

}  // namespace coldframe
