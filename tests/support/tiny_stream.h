#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/model/adalora_options.h"
#include "framework/training/continual_method.h"
#include "framework/training/train_step.h"
#include "tests/support/tiny_bert.h"
#include "tests/support/tiny_taste.h"

namespace coldframe::testing {

inline ContinualOptions tiny_continual(const std::string& method) {
  ContinualOptions options;
  options.method = method;
  options.memory = 24;
  options.replay_pairs = 5;
  options.probe_items = 6;
  options.row_weight = 0.5;
  options.penalty = 50;
  options.fisher_examples = 3;
  options.fisher_items = 4;
  return options;
}

/// Of a strategy whose defaults ask for more steps than a tiny stream has; null: its defaults.
inline std::shared_ptr<const Options> tiny_strategy_options(const std::string& strategy) {
  if (strategy != "adalora") return nullptr;
  auto options = std::make_shared<AdaloraOptions>();
  options->initial_rank = 6;
  options->rank = 3;
  options->first_steps = 3;
  options->final_steps = 5;
  options->every = 2;
  return options;
}

/// Three tasks of users of TinyTaste, a third each, a tiny encoder and what a method of continual learning needs.
class TinyStream {
 public:
  static constexpr std::int64_t k_steps = 8;  // of every task
  static constexpr std::int64_t k_pairs = 7;

  TinyStream(const Group& group, const std::string& strategy, const ContinualOptions& options, int threads = 1,
             double dropout = 0.1, std::int64_t replicate_below = 1024)
      : model(strategy, tiny_strategy_options(strategy), dropout), pool(threads) {
    ObjectiveRegistry registry;
    add_builtin_objectives(registry);
    objective_options_ = registry.require("contrastive").make_options();
    objective = registry.require("contrastive").make(*objective_options_);
    objective->attach(model.parameters);
    make_planner(options);
    const MethodParts parts{group, pool, *model.encoder, model.parameters, *objective, *planner, 64};
    method = make_continual_method(options, parts);
    StepOptions step_options;
    step_options.lanes = 4;
    step_options.gradients = options.method == "agem" ? 2 : 1;
    step_options.replicate_below = replicate_below;
    step_options.optimizer.learning_rate = 2e-3;
    step_options.schedule.steps = k_steps;
    step_options.schedule.warmup = 2;
    step = std::make_unique<TrainStep>(group, pool, *model.encoder, model.parameters, *objective, step_options, nullptr,
                                       model.strategies.training(planner->steps()), method.get());
  }

  TinyModel model;
  TinyTaste taste;
  LanePool pool;
  std::unique_ptr<Objective> objective;
  std::unique_ptr<TaskPlanner> planner;
  std::unique_ptr<ContinualMethod> method;
  std::unique_ptr<TrainStep> step;

 private:
  std::unique_ptr<StepPlanner> planner_of(const PairSampler& sampler, std::int64_t pairs, std::int64_t extra) const {
    BatchOptions batch;
    batch.pairs = pairs;
    batch.extra_items = extra;
    batch.lanes = 4;
    batch.tokens = 48;
    return std::make_unique<StepPlanner>(taste.planner(sampler, batch, CandidateRule::distinct_items));
  }

  void make_planner(const ContinualOptions& options) {
    std::vector<TaskSource> tasks;
    for (std::size_t task = 0; task < 3; ++task) {
      std::vector<UserLikes> users;
      for (std::size_t user = 0; user < taste.sampled.size(); ++user) {
        if (user % 3 == task || (options.method == "joint" && user % 3 < task)) users.push_back(taste.sampled[user]);
      }
      TaskSource source;
      source.sampler = std::make_unique<PairSampler>(std::move(users), std::vector<std::int64_t>{0, 1, 3}, 11 + task);
      source.planner = planner_of(*source.sampler, k_pairs, 5);
      source.examples = planner_of(*source.sampler, 1, options.fisher_items);
      tasks.push_back(std::move(source));
    }
    TaskPlannerOptions planning{.steps = k_steps, .pairs = k_pairs};
    if (options.replays()) {
      planning.replay = options.method == "agem" ? Replay::reference : Replay::joined;
      planning.memory = static_cast<std::size_t>(options.memory);
      planning.memory_rule = options.memory_keeps();
      planning.replay_pairs = static_cast<std::size_t>(options.replay_pairs);
    }
    if (options.method == "der") {
      planning.replay_weight = options.replay_weight;
      for (std::int64_t i = 0; i < options.probe_items; ++i)
        planning.probes.emplace_back(static_cast<std::uint32_t>(4 * i));
    }
    planner = std::make_unique<TaskPlanner>(std::move(tasks), planning);
  }

  std::unique_ptr<Options> objective_options_;
};

}  // namespace coldframe::testing
