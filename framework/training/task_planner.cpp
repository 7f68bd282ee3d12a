#include "framework/training/task_planner.h"

#include <algorithm>

#include "framework/core/error.h"

namespace coldframe {

TaskPlanner::TaskPlanner(std::vector<TaskSource> tasks, TaskPlannerOptions options)
    : tasks_(std::move(tasks)),
      options_(std::move(options)),
      memory_(options_.memory, options_.seed, options_.memory_rule) {
  CF_EXPECTS(!tasks_.empty() && options_.steps >= 1);
}

StepPlan TaskPlanner::plan(std::int64_t step) const {
  const auto task = static_cast<std::size_t>(step / options_.steps);
  const std::int64_t task_step = step % options_.steps;
  const StepPlanner& planner = *tasks_[task].planner;
  const ReplayedPairs past = task > 0 && options_.replay != Replay::none ? replayed(step) : ReplayedPairs{};
  const bool joined = options_.replay == Replay::joined;
  StepPlan plan = planner.plan(task_step, joined ? past : ReplayedPairs{}, options_.probes);
  plan.step = step;
  plan.task = task;
  if (joined && options_.replay_weight >= 0 && !past.pairs.empty()) {
    plan.loss.weights.assign(static_cast<std::size_t>(options_.pairs), 1.0 / static_cast<double>(options_.pairs));
    plan.loss.weights.resize(plan.loss.anchor_rows.size(),
                             options_.replay_weight / static_cast<double>(past.pairs.size()));
  }
  if (!joined && !past.pairs.empty()) {
    auto reference = std::make_shared<StepPlan>(planner.plan_of_past(task_step, past));
    reference->step = step;
    reference->task = task;
    plan.reference = std::move(reference);
  }
  return plan;
}

StepPlan TaskPlanner::example(std::size_t task, std::int64_t number) const {
  CF_EXPECTS(tasks_[task].examples != nullptr);
  return tasks_[task].examples->plan(number);
}

ReplayedPairs TaskPlanner::replayed(std::int64_t step) const {
  const auto pairs = static_cast<std::uint64_t>(options_.pairs);
  const std::uint64_t seen = static_cast<std::uint64_t>(step) * pairs;
  const std::uint64_t earlier = static_cast<std::uint64_t>(step / options_.steps * options_.steps - 1) * pairs;
  const std::scoped_lock lock(mutex_);
  remember_until(seen);
  ReplayedPairs past;
  past.places = memory_.draw(options_.replay_pairs, static_cast<std::uint64_t>(step), earlier);
  for (const std::size_t place : past.places) past.pairs.push_back(pair_of(memory_.elements()[place]));
  for (std::size_t place = 0; place < memory_.size(); ++place) {
    if (memory_.elements()[place] < earlier) past.held.push_back(positives_[place]);
  }
  std::ranges::sort(past.held);
  return past;
}

/// Goes on from where it is, or begins again when it is past that.
void TaskPlanner::remember_until(std::uint64_t elements) const {
  if (memory_.offered() > elements) {
    memory_ = Reservoir(options_.memory, options_.seed, options_.memory_rule);
    positives_.clear();
  }
  while (memory_.offered() < elements) {
    const std::uint64_t element = memory_.offered();
    const std::int64_t place = memory_.offer(task_of(element));
    if (place < 0) continue;
    positives_.resize(memory_.size());
    positives_[static_cast<std::size_t>(place)] = pair_of(element).positive;
  }
}

TrainingPair TaskPlanner::pair_of(std::uint64_t element) const {
  return tasks_[task_of(element)].sampler->pair(element % pairs_of_task());
}

std::vector<RememberedPair> TaskPlanner::memory_after(std::size_t tasks) const {
  CF_EXPECTS(tasks <= tasks_.size());
  const std::scoped_lock lock(mutex_);
  remember_until(tasks * pairs_of_task());
  std::vector<RememberedPair> held;
  for (const std::uint64_t element : memory_.elements()) held.push_back({element, task_of(element), pair_of(element)});
  return held;
}

}  // namespace coldframe
