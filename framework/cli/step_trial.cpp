#include "framework/cli/step_trial.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "framework/cli/noisy_texts.h"
#include "framework/cli/step_setup.h"
#include "framework/comm/threads/virtual_ranks.h"
#include "framework/training/lane_pool.h"

namespace coldframe {

TrialShape meant_shape(int ranks, std::int64_t threads, int cores, std::int64_t lanes) {
  const int lanes_of_rank = static_cast<int>((lanes + ranks - 1) / ranks);
  if (threads > 0) return {ranks, static_cast<int>(threads)};
  return {ranks, std::clamp(cores / ranks, 1, lanes_of_rank)};
}

TrialShape trial_shape(TrialShape meant, int cores) {
  const int ranks = std::min(meant.ranks, cores);
  return {ranks, std::clamp(cores / ranks, 1, meant.threads)};
}

StepTokens step_tokens(const StepPlanner& planner, std::int64_t steps) {
  StepTokens tokens;
  for (std::int64_t step = 0; step < steps; ++step) {
    const StepPlan plan = planner.plan(step);
    const auto of_step = static_cast<double>(plan.texts.tokens());
    tokens.mean += of_step / static_cast<double>(steps);
    tokens.texts += static_cast<double>(plan.texts.texts.size()) / static_cast<double>(steps);
    tokens.largest = std::max(tokens.largest, of_step);
  }
  return tokens;
}

double try_steps(const Experiment& experiment, const ResolvedConfig& config, const ExperimentData& data,
                 TrialShape shape, std::int64_t steps, double mean_tokens) {
  double best = std::numeric_limits<double>::infinity();  // seconds per token
  run_virtual_ranks(shape.ranks, [&](const Group& group) {
    Learner learner(experiment, config);
    learner.free_unread_weights();
    const TokenizedTexts texts(data, learner.tokenizer, token_limit(experiment, *learner.encoder));
    const NoisyTexts training_texts(experiment, data, texts);
    const PairSampler sampler = make_pair_sampler(experiment, data);
    const StepPlanner planner = make_step_planner(experiment, data, sampler, training_texts, *learner.objective);
    LanePool pool(shape.threads);
    TrainStep step(group, pool, *learner.encoder, learner.parameters, *learner.objective, step_options(experiment),
                   nullptr, learner.strategies.training(experiment.schedule.steps));
    for (std::int64_t s = 0; s <= steps; ++s) {
      const StepReport report = step.run(planner.plan(s), /*wants_stop=*/false);
      if (group.is_root() && s > 0) best = std::min(best, report.seconds / static_cast<double>(report.tokens));
    }
  });
  return best * mean_tokens;
}

}  // namespace coldframe
