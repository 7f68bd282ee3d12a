#include "framework/model/adalora_options.h"

namespace coldframe {

void AdaloraOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "initial_rank", .doc = "triplets of every map at the start", .minimum = 1, .maximum = 4096},
                initial_rank);
  visitor.visit({.name = "rank", .doc = "triplets per map at the end, on average", .minimum = 1, .maximum = 4096},
                rank);
  visitor.visit(
      {.name = "alpha", .doc = "the update is scaled by alpha / initial_rank", .minimum = 0, .minimum_exclusive = true},
      alpha);
  visitor.visit({.name = "dropout", .doc = "dropout rate of the input of Q", .minimum = 0, .maximum = 0.99}, dropout);
  visitor.visit({.name = "targets", .doc = "linear maps that get an update: site names with * for any characters"},
                targets);
  visitor.visit({.name = "layers", .doc = "layers, from 0, whose maps get an update; empty: all", .minimum = 0},
                layers);
  visitor.visit({.name = "first_steps",
                 .doc = "steps before the first triplet is given up",
                 .unit = "optimizer steps",
                 .minimum = 0},
                first_steps);
  visitor.visit({.name = "final_steps",
                 .doc = "steps at the end of the run in which the choice stays as it is",
                 .unit = "optimizer steps",
                 .minimum = 0},
                final_steps);
  visitor.visit({.name = "every", .doc = "steps between two choices", .unit = "optimizer steps", .minimum = 1}, every);
  visitor.visit({.name = "beta1", .doc = "smoothing of sensitivities", .minimum = 0, .maximum = 0.999999}, beta1);
  visitor.visit({.name = "beta2", .doc = "smoothing of their uncertainties", .minimum = 0, .maximum = 0.999999}, beta2);
  visitor.visit({.name = "orthogonality", .doc = "weight of the penalty on P and Q", .minimum = 0}, orthogonality);
  visitor.visit(
      {.name = "order",
       .doc = "paper: importance from the weight before the update and the unclipped gradient; peft: from the "
              "weight after it and the clipped one, and the penalty is the mean of norms",
       .choices = {"paper", "peft"}},
      order);
}

std::vector<Problem> AdaloraOptions::validate() const {
  if (rank > initial_rank) return {{"rank", "(must not exceed initial_rank) nothing would be given up"}};
  return {};
}

}  // namespace coldframe
