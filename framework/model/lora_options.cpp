#include "framework/model/lora_options.h"

namespace coldframe {

void LoraOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "rank", .doc = "rank of the update B A", .minimum = 1, .maximum = 4096}, rank);
  visitor.visit(
      {.name = "alpha", .doc = "the update is scaled by alpha / rank", .minimum = 0, .minimum_exclusive = true}, alpha);
  visitor.visit({.name = "dropout", .doc = "dropout rate of the input of A", .minimum = 0, .maximum = 0.99}, dropout);
  visitor.visit(
      {.name = "targets",
       .doc = "linear maps that get an update: site names with * for any characters; leading parts may be left "
              "out"},
      targets);
  visitor.visit({.name = "layers", .doc = "layers, from 0, whose maps get an update; empty: all", .minimum = 0},
                layers);
  visitor.visit({.name = "rank_pattern", .doc = "other ranks for some maps: SITE:RANK, the first match counts"},
                rank_pattern);
  visitor.visit({.name = "alpha_pattern", .doc = "other alphas for some maps: SITE:ALPHA, the first match counts"},
                alpha_pattern);
  visitor.visit({.name = "scaling",
                 .doc = "standard: alpha / rank; rank_stabilized: alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732)",
                 .choices = {"standard", "rank_stabilized"}},
                scaling);
  visitor.visit({.name = "init",
                 .doc = "first values: A random and B = 0, or a part of the weight itself (PiSSA, arXiv 2404.02948; "
                        "OLoRA, arXiv 2406.01775)",
                 .choices = {"kaiming", "gaussian", "pissa", "olora"}},
                init);
  visitor.visit({.name = "bias",
                 .doc = "biases trained beside: none, those of the changed maps (lora_only) or all of the encoder",
                 .choices = {"none", "lora_only", "all"}},
                bias);
  visitor.visit({.name = "b_learning_rate_factor",
                 .doc = "learning rate of B over that of A (LoRA+, arXiv 2402.12354, suggests 16)",
                 .minimum = 0,
                 .minimum_exclusive = true},
                b_learning_rate_factor);
  visitor.visit({.name = "start_from", .doc = "PEFT folder of an adapter of this form to go on from; empty: a new one"},
                start_from);
}

}  // namespace coldframe
