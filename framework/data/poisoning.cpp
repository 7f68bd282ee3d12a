#include "framework/data/poisoning.h"

#include <fmt/format.h>

#include "framework/data/label_noise.h"
#include "framework/data/shilling_attack.h"

namespace coldframe {

void PoisoningOptions::describe(OptionVisitor& visitor) {
  visitor.visit(
      {.name = "attack",
       .doc = "kind of the fake users that push items: random or average ratings of random items, bandwagon (the most "
              "popular items), segment (neighbours of the targets)",
       .choices = {"none", "random", "average", "bandwagon", "segment"}},
      attack);
  visitor.visit({.name = "size",
                 .doc = "fake users, as a share of the users of role T",
                 .minimum = 0,
                 .maximum = 1,
                 .minimum_exclusive = true},
                size);
  visitor.visit({.name = "targets", .doc = "ids of the items that are pushed; empty: drawn among the less liked half"},
                targets);
  visitor.visit({.name = "target_count", .doc = "how many targets are drawn", .unit = "items", .minimum = 1},
                target_count);
  visitor.visit({.name = "fillers",
                 .doc = "random items of a fake user, beside targets and selected ones",
                 .unit = "items",
                 .minimum = 0},
                fillers);
  visitor.visit({.name = "selected",
                 .doc = "popular items (bandwagon) or neighbours of the targets (segment) of every fake user",
                 .unit = "items",
                 .minimum = 1},
                selected);
  visitor.visit(
      {.name = "label_noise",
       .doc = "what happens to interactions of role T: flip (a like turns into a dislike and back), replace (a liked "
              "item turns into one the user never met)",
       .choices = {"none", "flip", "replace"}},
      label_noise);
  visitor.visit({.name = "label_noise_share",
                 .doc = "share of interactions (replace: of likes) that it happens to",
                 .minimum = 0,
                 .maximum = 1},
                label_noise_share);
  visitor.visit({.name = "seed", .doc = "seed of targets, fake users and label noise", .minimum = 0}, seed);
}

std::vector<Problem> PoisoningOptions::validate() const {
  std::vector<Problem> problems;
  const PoisoningOptions standard;
  const auto idle = [&](const char* key, bool changed, const char* why) {
    if (changed) problems.push_back({key, why, /*idle=*/true});
  };
  if (!attacks()) {
    constexpr const char* why = "(nobody attacks) set poisoning.attack, or leave it out";
    idle("targets", !targets.empty(), "(nobody pushes them) set poisoning.attack, or leave them out");
    idle("size", size != standard.size, why);
    idle("target_count", target_count != standard.target_count, why);
    idle("fillers", fillers != standard.fillers, why);
    idle("selected", selected != standard.selected, why);
  } else {
    idle("target_count", !targets.empty() && target_count != standard.target_count,
         "(poisoning.targets names them, none is drawn) leave one of both out");
    idle("selected", (attack == "random" || attack == "average") && selected != standard.selected,
         "(this attack selects no items) leave it out, or take bandwagon or segment");
  }
  idle("label_noise_share", label_noise == "none" && label_noise_share != standard.label_noise_share,
       "(no interaction changes) set poisoning.label_noise, or leave it out");
  idle("label_noise_share", label_noise != "none" && label_noise_share == 0,
       "(changes no interaction) give a share, or set poisoning.label_noise = none");
  return problems;
}

PoisonedLog poison_training_log(Dataset& dataset, Roles& roles, const PoisoningOptions& options,
                                const LikeOptions& likes) {
  PoisonedLog log;
  if (!options.active()) return log;
  ShillingAttack attack;
  if (options.attacks()) attack = plan_attack(dataset, roles, options, likes);
  if (options.label_noise != "none") log.changed = add_label_noise(dataset, roles, options, likes);
  log.profiles = attack.profiles.size();
  log.targets = attack.targets;
  for (const ShillingProfile& profile : attack.profiles) log.added += profile.items.size();
  add_profiles(dataset, roles, attack);
  return log;
}

std::string poisoning_text(const PoisoningOptions& options, const PoisonedLog& log) {
  std::string text;
  if (options.attacks()) {
    text = fmt::format("{} attack: {} profiles with {} interactions push {} item{}", options.attack, log.profiles,
                       log.added, log.targets.size(), log.targets.size() == 1 ? "" : "s");
  }
  if (options.label_noise != "none") {
    text += fmt::format("{}label noise: {} interactions changed", text.empty() ? "" : "; ", log.changed);
  }
  return text;
}

}  // namespace coldframe
