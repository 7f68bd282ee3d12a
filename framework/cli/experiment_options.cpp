#include "framework/cli/experiment_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "framework/core/nearest.h"
#include "framework/text/text_noise.h"

namespace coldframe {

void ExperimentOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "root", .doc = "folder under which run folders are made", .effect = Effect::operation}, root);
  visitor.visit({.name = "name", .doc = "first part of the run folder", .effect = Effect::operation}, name);
  visitor.visit({.name = "variant", .doc = "second part of the run folder; empty: the strategies in use",
                 .effect = Effect::operation},
                variant);
  visitor.visit({.name = "seed", .doc = "seed of data order, dropout and initial values", .minimum = 0}, seed);
}

std::vector<Problem> ExperimentOptions::validate() const {
  std::vector<Problem> problems;
  if (name.empty()) problems.push_back({"name", "(must not be empty) try experiment"});
  for (const auto& [key, text] : {std::pair{"name", &name}, {"variant", &variant}}) {
    const std::filesystem::path path = *text;
    if (path.is_absolute() || std::ranges::find(path, "..") != path.end()) {
      problems.push_back({key, "(must lie below experiment.root) choose another experiment.root"});
    }
  }
  return problems;
}

void StrategyChoice::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "use", .doc = "strategies to attach, in order: kinds, or names of [strategy.NAME] sections"}, use);
  visitor.visit({.name = "frozen_dropout",
                 .doc = "whether blocks below the lowest trainable site keep their dropout (true in paired studies)"},
                frozen_dropout);
}

std::vector<Problem> StrategyChoice::validate() const {
  if (use.empty()) return {{"use", "(must name a strategy) try lora"}};
  return {};
}

void ObjectiveChoice::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "use", .doc = "the loss: a kind, or the name of an [objective.NAME] section"}, use);
  visitor.visit({.name = "replicate_below",
                 .doc = "up to this many anchors every rank computes the whole loss, above it only its own rows (same bits)",
                 .unit = "pairs",
                 .minimum = 0,
                 .effect = Effect::operation},
                replicate_below);
}

void TrainingOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "history_sizes",
                 .doc = "sizes from which the history of an anchor is drawn; repeats weigh more",
                 .unit = "items",
                 .minimum = 0},
                history_sizes);
  visitor.visit({.name = "validate_every", .doc = "steps between looks at role V (NDCG@10 at k = 0), 0 = never",
                 .unit = "optimizer steps", .minimum = 0},
                validate_every);
  visitor.visit({.name = "patience", .doc = "looks without improvement after which the run stops, 0 = never",
                 .unit = "looks", .minimum = 0},
                patience);
  visitor.visit({.name = "text_noise",
                 .doc = "kinds of noise on the texts of anchors: typos, casing, synonyms, out_of_domain, chinese, truncation; empty: none"},
                text_noise);
  visitor.visit({.name = "text_noise_share", .doc = "share of anchors whose text is disturbed, each by one of the kinds",
                 .minimum = 0, .maximum = 1},
                text_noise_share);
  visitor.visit({.name = "text_noise_severity", .doc = "share of words (truncation: of characters) that the noise edits",
                 .minimum = 0, .maximum = 1},
                text_noise_severity);
}

std::vector<Problem> TrainingOptions::validate() const {
  std::vector<Problem> problems;
  for (const std::string& kind : text_noise) {
    if (text_noise_of(kind)) continue;
    problems.push_back({"text_noise", fmt::format("(there is no \"{}\") {}", kind, suggest_name(kind, text_noise_names()))});
  }
  return problems;
}

void FairTrainingOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "group",
                 .doc = "groups of users whose losses are evened out: gender, age:25:45 (bounds), gender*age:30; empty: none"},
                group);
  visitor.visit({.name = "reweight",
                 .doc = "exponent a of the weight n^-a of a user in a group of n: 0 = all users alike, 1 = all groups alike",
                 .minimum = 0, .maximum = 1},
                reweight);
  visitor.visit({.name = "gap_penalty",
                 .doc = "weight of the squared differences between the groups' mean losses in a batch, 0 = none",
                 .minimum = 0, .maximum = 1000},
                gap_penalty);
}

std::vector<Problem> FairTrainingOptions::validate() const {
  std::vector<Problem> problems;
  for (const auto& [key, value] : {std::pair{"reweight", reweight}, {"gap_penalty", gap_penalty}}) {
    if (value > 0 && !active()) problems.push_back({key, "(without groups) set fairness.group, for example to gender"});
  }
  if (active() && reweight == 0 && gap_penalty == 0) {
    problems.push_back({"group", "(changes nothing by itself) set fairness.reweight or fairness.gap_penalty"});
  }
  return problems;
}

void DistributedOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "threads", .doc = "threads per rank that compute lanes, 0 = this rank's share of the cores",
                 .unit = "threads", .minimum = 0, .maximum = 1024, .effect = Effect::operation},
                threads);
  comm.describe(visitor);
}

}  // namespace coldframe
