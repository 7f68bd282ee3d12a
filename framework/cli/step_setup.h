#pragma once

#include "framework/cli/learner.h"
#include "framework/data/pair_sampler.h"
#include "framework/training/train_step.h"

namespace coldframe {

/// How an experiment's configuration becomes the parts of a training step: shared by `train` and by the trial of
/// `check`.
StepOptions step_options(const Experiment& experiment);

/// Pairs of role T, as training draws them.
PairSampler make_pair_sampler(const Experiment& experiment, const ExperimentData& data);

/// Borrows `sampler` and `texts`.
StepPlanner make_step_planner(const Experiment& experiment, const ExperimentData& data, const PairSampler& sampler,
                              const TokenSource& texts, const Objective& objective);

}  // namespace coldframe
