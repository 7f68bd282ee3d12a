#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/model/strategy.h"

namespace coldframe {

/// Fine-tuning of a part of the encoder: its highest layers (Lee et al., "What would Elsa do? Freezing layers during
/// transformer fine-tuning", arXiv 1911.03090) and whatever patterns name. Only what was trained is saved, where `full`
/// saves the whole encoder. These encoders have no head above the last layer: `top_layers = 1` is the least that a
/// layer count can say, `top_layers = 0` with `parameters = layer.5.output.*` less than that.
struct PartialOptions final : Options {
  std::int64_t top_layers = 1;
  std::vector<std::string> parameters;  // trained besides
  std::vector<std::string> frozen;      // of these, not trained after all

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

StrategyEntry partial_strategy();

}  // namespace coldframe
