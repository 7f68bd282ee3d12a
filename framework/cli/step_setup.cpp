#include "framework/cli/step_setup.h"

#include "framework/cli/training_groups.h"
#include "framework/cli/training_users.h"

namespace coldframe {

StepOptions step_options(const Experiment& experiment) {
  StepOptions options;
  options.seed = static_cast<std::uint64_t>(experiment.experiment.seed);
  options.lanes = experiment.batch.lanes;
  options.replicate_below = experiment.objective.replicate_below;
  options.activations = experiment.batch.activations == "keep" ? Activations::keep : Activations::recompute;
  options.dropout_below_trainable = experiment.strategy.frozen_dropout;
  options.adversarial = experiment.adversarial;
  options.gradients = experiment.continual.method == "agem" || experiment.adversarial.steps > 1 ? 2 : 1;
  options.group_gap = experiment.fairness.gap_penalty;
  options.optimizer = experiment.optimizer;
  options.schedule = experiment.schedule;
  return options;
}

PairSampler make_pair_sampler(const Experiment& experiment, const ExperimentData& data) {
  return {training_users(data), experiment.training.history_sizes,
          static_cast<std::uint64_t>(experiment.experiment.seed)};
}

StepPlanner make_step_planner(const Experiment& experiment, const ExperimentData& data, const PairSampler& sampler,
                              const TokenSource& texts, const Objective& objective) {
  TrainingGroups groups = training_groups(experiment.fairness, data);
  return {{sampler, texts, known_positives(data), data.dataset.items.size(), training_prior(data), std::move(groups.of),
           std::move(groups.weights)},
          experiment.batch,
          objective.candidate_rule(),
          objective.anchor_views()};
}

}  // namespace coldframe
