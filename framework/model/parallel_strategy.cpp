#include "framework/model/parallel_strategy.h"

namespace coldframe {

void ParallelOptions::describe(OptionVisitor& visitor) {
  BottleneckOptions::describe(visitor);
  visitor.visit({.name = "scale", .doc = "factor c on what an adapter adds", .minimum = 0, .minimum_exclusive = true},
                scale);
  visitor.visit({.name = "train_scale", .doc = "whether every adapter learns its own c, from `scale` on"}, train_scale);
}

StrategyEntry parallel_strategy() {
  return {"parallel",
          "one scaled bottleneck adapter beside every feed-forward block (arXiv 2110.04366)",
          [] { return std::make_unique<ParallelOptions>(); },
          [](const Options& options) {
            const auto& chosen = dynamic_cast<const ParallelOptions&>(options);
            BottleneckPlan plan = plan_of("parallel", chosen);
            plan.input = BottleneckInput::residual;
            plan.start = BottleneckStart::neutral;
            plan.scale = chosen.scale;
            plan.scale_trained = chosen.train_scale;
            return make_bottleneck_strategy(std::move(plan));
          },
          false,
          "AdapterHub folder"};
}

}  // namespace coldframe
