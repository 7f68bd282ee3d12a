#include "framework/training/optimizer_options.h"

namespace coldframe {

void OptimizerOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "learning_rate",
                 .doc = "peak step size of AdamW",
                 .minimum = 0,
                 .maximum = 10,
                 .minimum_exclusive = true},
                learning_rate);
  visitor.visit({.name = "beta1", .doc = "decay of the first moment", .minimum = 0, .maximum = 0.999999}, beta1);
  visitor.visit({.name = "beta2", .doc = "decay of the second moment", .minimum = 0, .maximum = 0.9999999}, beta2);
  visitor.visit(
      {.name = "epsilon", .doc = "added to the root of the second moment", .minimum = 0, .minimum_exclusive = true},
      epsilon);
  visitor.visit({.name = "weight_decay",
                 .doc = "decoupled decay of matrices (not of biases, LayerNorm, scalars)",
                 .minimum = 0,
                 .maximum = 1},
                weight_decay);
  visitor.visit({.name = "clip_norm", .doc = "largest norm of the whole gradient, 0 = no clipping", .minimum = 0},
                clip_norm);
  visitor.visit({.name = "layer_decay",
                 .doc = "learning rate of a layer over that of the next higher one; the highest has the full rate, "
                        "embeddings count as one below layer 0 (arXiv 1905.05583)",
                 .minimum = 0,
                 .maximum = 1,
                 .minimum_exclusive = true},
                layer_decay);
  visitor.visit({.name = "learning_rate_factors",
                 .doc = "other learning rates for some parameters, PATTERN:FACTOR of the rate: names with * for any "
                        "characters, leading parts may be left out, the first match counts"},
                learning_rate_factors);
  visitor.visit({.name = "weight_decays",
                 .doc = "other weight decays for some parameters, PATTERN:DECAY, biases and LayerNorms included"},
                weight_decays);
  visitor.visit(
      {.name = "unfreeze_every",
       .doc = "gradual unfreezing: steps between the start of a trained layer and that of the next lower one, "
              "embeddings last (arXiv 1801.06146); 0 = all from the first step",
       .unit = "optimizer steps",
       .minimum = 0},
      unfreeze_every);
  visitor.visit(
      {.name = "unfreeze_at",
       .doc = "steps with which some parameters begin to be trained, PATTERN:STEP, in place of unfreeze_every"},
      unfreeze_at);
}

}  // namespace coldframe
