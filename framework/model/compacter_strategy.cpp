#include "framework/model/compacter_strategy.h"

namespace coldframe {

void CompacterOptions::describe(OptionVisitor& visitor) {
  BottleneckOptions::describe(visitor);
  visitor.visit({.name = "plus_plus", .doc = "Compacter++: no adapters after attention"}, plus_plus);
  visitor.visit(
      {.name = "input",
       .doc = "what an adapter reads: the branch's output, or LayerNorm(residual + output) (AdapterHub's Compacter++)",
       .choices = {"branch", "normalized"}},
      input);
  visitor.visit({.name = "products", .doc = "Kronecker products a map is the sum of", .minimum = 1, .maximum = 64},
                products);
  visitor.visit({.name = "rank", .doc = "rank of their factors", .minimum = 1, .maximum = 4096}, rank);
}

StrategyEntry compacter_strategy() {
  return {"compacter",
          "bottleneck adapters of Kronecker products (arXiv 2106.04647)",
          [] { return std::make_unique<CompacterOptions>(); },
          [](const Options& options) {
            const auto& chosen = dynamic_cast<const CompacterOptions&>(options);
            BottleneckPlan plan = plan_of("compacter", chosen);
            plan.places = chosen.plus_plus ? BottleneckPlaces::feed_forward : BottleneckPlaces::both_blocks;
            plan.input = chosen.input == "branch" ? BottleneckInput::branch : BottleneckInput::normalized;
            plan.kronecker = KroneckerShape{chosen.products, chosen.rank};
            return make_bottleneck_strategy(std::move(plan));
          },
          false,
          "AdapterHub folder"};
}

}  // namespace coldframe
