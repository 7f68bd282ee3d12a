#include "framework/model/houlsby_strategy.h"

namespace coldframe {

void HoulsbyOptions::describe(OptionVisitor& visitor) {
  BottleneckOptions::describe(visitor);
  visitor.visit(
      {.name = "layer_norms", .doc = "whether the LayerNorms of layers with adapters are trained too, as in the paper"},
      layer_norms);
}

StrategyEntry houlsby_strategy() {
  return {"houlsby",
          "two bottleneck adapters per layer (arXiv 1902.00751)",
          [] { return std::make_unique<HoulsbyOptions>(); },
          [](const Options& options) {
            const auto& chosen = dynamic_cast<const HoulsbyOptions&>(options);
            BottleneckPlan plan = plan_of("houlsby", chosen);
            plan.places = BottleneckPlaces::both_blocks;
            plan.start = BottleneckStart::truncated_normal;
            plan.norms_trained = chosen.layer_norms;
            return make_bottleneck_strategy(std::move(plan));
          },
          false,
          "AdapterHub folder"};
}

}  // namespace coldframe
