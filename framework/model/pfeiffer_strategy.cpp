#include "framework/model/pfeiffer_strategy.h"

namespace coldframe {

StrategyEntry pfeiffer_strategy() {
  return {"pfeiffer",
          "one bottleneck adapter per layer (arXiv 2005.00247)",
          [] { return std::make_unique<PfeifferOptions>(); },
          [](const Options& options) {
            BottleneckPlan plan = plan_of("pfeiffer", dynamic_cast<const PfeifferOptions&>(options));
            plan.input = BottleneckInput::normalized;
            return make_bottleneck_strategy(std::move(plan));
          },
          false,
          "AdapterHub folder"};
}

}  // namespace coldframe
