#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/core/options.h"
#include "framework/data/dataset.h"
#include "framework/data/likes.h"
#include "framework/data/roles.h"

namespace coldframe {

/// `[poisoning]`: what is wrong with the log that training reads. Only role T is touched: newcomers, and what they are
/// tested on, stay.
struct PoisoningOptions final : Options {
  std::string attack = "none";       // none, random, average, bandwagon, segment
  double size = 0.01;                // profiles, as a share of the users of role T
  std::vector<std::string> targets;  // external ids of the pushed items; empty: drawn
  std::int64_t target_count = 1;     // how many are drawn
  std::int64_t fillers = 50;         // items of every profile besides targets and selected ones
  std::int64_t selected = 10;        // bandwagon: most popular items; segment: nearest neighbours of the targets
  std::string label_noise = "none";  // none, flip, replace
  double label_noise_share = 0.1;
  std::int64_t seed = 1;

  bool active() const { return attacks() || label_noise != "none"; }
  bool attacks() const { return attack != "none"; }
  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

/// What was done to a log.
struct PoisonedLog {
  std::size_t profiles = 0;     // fake users, the last rows of the user table
  std::size_t added = 0;        // their interactions
  std::size_t changed = 0;      // interactions of real users that label noise changed
  std::vector<ItemId> targets;  // pushed items, ascending
};

/// Applies label noise to the interactions of role T (label_noise.h) and adds fake users to it (shilling_attack.h), who
/// are made from the log as it was. A pure function of (data set, roles, options): the same on any ranks and threads.
/// ConfigError for options that do not fit the data set, DataError when role T offers nothing to work with.
PoisonedLog poison_training_log(Dataset& dataset, Roles& roles, const PoisoningOptions& options,
                                const LikeOptions& likes);

/// "bandwagon attack: 5 profiles with 305 interactions push 1 item; label noise: 120 interactions changed"
std::string poisoning_text(const PoisoningOptions& options, const PoisonedLog& log);

}  // namespace coldframe
