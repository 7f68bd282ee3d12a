#include "framework/model/bitfit_strategy.h"

#include "framework/model/own_weights_strategy.h"
#include "framework/model/site_patterns.h"

namespace coldframe {
namespace {

std::vector<ParameterIndex> biases(const BitfitOptions& options, const Encoder& encoder,
                                   const ParameterStore& parameters) {
  std::vector<std::string> names;
  std::vector<ParameterIndex> candidates;
  for (const ParameterIndex index : encoder.parameters()) {
    if (!parameters.info(index).name.ends_with(".bias")) continue;
    names.push_back(parameters.info(index).name);
    candidates.push_back(index);
  }
  std::vector<ParameterIndex> chosen;
  for (const std::size_t i : select_sites(options.biases, names, "strategy.bitfit.biases")) {
    chosen.push_back(candidates[i]);
  }
  return chosen;
}

}  // namespace

void BitfitOptions::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "biases",
       .doc = "which biases are trained: names of the checkpoint with * for any characters; leading parts may "
              "be left out"},
      biases);
}

StrategyEntry bitfit_strategy() {
  return {"bitfit",
          "the biases alone (BitFit, arXiv 2106.10199)",
          [] { return std::make_unique<BitfitOptions>(); },
          [](const Options& options) {
            const auto& chosen = dynamic_cast<const BitfitOptions&>(options);
            return make_own_weights_strategy("bitfit",
                                             [chosen](const Encoder& encoder, const ParameterStore& parameters) {
                                               return biases(chosen, encoder, parameters);
                                             });
          },
          true,
          "changed weights"};
}

}  // namespace coldframe
