#include "framework/cli/task_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "framework/baselines/unpersonalised.h"
#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/data/dataset_store.h"
#include "framework/data/keyed_permutation.h"

namespace coldframe {
namespace {

/// Likes of role T in one task, or in all tasks from `first` on; items of several tasks are put together.
std::vector<UserLikes> likes_of_tasks(const ExperimentData& data, const TaskStream& stream, std::size_t first,
                                      std::size_t last) {
  std::map<UserId, UserLikes> users;
  for (std::size_t task = first; task <= last; ++task) {
    for (const UserId user : stream.users(task, data.roles, Role::train)) {
      UserLikes& likes = users.try_emplace(user, UserLikes{user, data.dataset.user_key(user), {}}).first->second;
      const std::span<const ItemId> more = stream.likes(task).of(user);
      likes.items.insert(likes.items.end(), more.begin(), more.end());
    }
  }
  std::vector<UserLikes> list;
  for (auto& [user, likes] : users) list.push_back(std::move(likes));
  return list;
}

std::vector<std::vector<ItemId>> known_so_far(const ExperimentData& data, const TaskStream& stream, std::size_t task) {
  std::vector<std::vector<ItemId>> known(data.dataset.users.size());
  for (UserLikes& user : likes_of_tasks(data, stream, 0, task)) {
    std::ranges::sort(user.items);
    known[user.user.value()] = std::move(user.items);
  }
  return known;
}

/// As the item prior of an evaluation, by what role T liked in the tasks so far.
std::vector<float> prior_so_far(const ExperimentData& data, const TaskStream& stream, std::size_t task) {
  std::vector<std::uint64_t> counts(data.dataset.items.size(), 0);
  for (const UserLikes& user : likes_of_tasks(data, stream, 0, task)) {
    for (const ItemId item : user.items) ++counts[item.value()];
  }
  return item_log_prior(counts);
}

std::vector<ItemId> draw_probes(const Experiment& experiment, std::size_t items) {
  const auto seed = static_cast<std::uint64_t>(experiment.experiment.seed);
  const KeyedPermutation order(philox_key(combine_hash(seed, stable_hash("probe items")), Purpose::subsample), 0,
                               static_cast<std::uint32_t>(items));
  std::vector<ItemId> probes;
  const auto count = std::min(items, static_cast<std::size_t>(experiment.continual.probe_items));
  for (std::uint32_t i = 0; i < count; ++i) probes.emplace_back(order(i));
  std::ranges::sort(probes);
  return probes;
}

TaskPlannerOptions planner_options(const Experiment& experiment, std::size_t items) {
  const ContinualOptions& continual = experiment.continual;
  TaskPlannerOptions options{.steps = experiment.schedule.steps,
                             .pairs = experiment.batch.pairs,
                             .seed = static_cast<std::uint64_t>(experiment.experiment.seed)};
  if (!continual.replays()) return options;
  options.replay = continual.method == "agem" ? Replay::reference : Replay::joined;
  options.memory = static_cast<std::size_t>(continual.memory);
  options.memory_rule = continual.memory_keeps();
  options.replay_pairs = static_cast<std::size_t>(continual.replay_pairs);
  if (continual.method != "der") return options;
  options.replay_weight = continual.replay_weight;
  options.probes = draw_probes(experiment, items);
  return options;
}

}  // namespace

TaskStream make_task_stream(const Experiment& experiment, const ExperimentData& data) {
  std::optional<ImpressionLog> log;
  if (experiment.continual.stream.stream_kind() == StreamKind::periods) log = read_impression_log(experiment.data.path);
  TaskStream stream(data.dataset, data.likes, experiment.continual.stream, log ? &*log : nullptr);
  if (experiment.continual.delay + 2 > static_cast<std::int64_t>(stream.size())) {
    throw ConfigError(fmt::format("continual.delay = {}", experiment.continual.delay),
                      fmt::format("there are {} tasks", stream.size()), "lower it");
  }
  check_task_users(stream, data.roles, experiment.continual.tested_role(),
                   static_cast<std::size_t>(experiment.evaluation.masked), experiment.continual.stream.minimum_users);
  return stream;
}

std::unique_ptr<TaskPlanner> make_task_planner(const Experiment& experiment, const ExperimentData& data,
                                               const TaskStream& stream, const TokenSource& texts,
                                               const Objective& objective) {
  const std::size_t items = data.dataset.items.size();
  const bool joint = experiment.continual.method == "joint";
  BatchOptions example = experiment.batch;
  example.pairs = 1;
  example.extra_items = experiment.continual.fisher_items;
  std::vector<TaskSource> tasks;
  for (std::size_t task = 0; task < stream.size(); ++task) {
    const std::uint64_t seed = combine_hash(static_cast<std::uint64_t>(experiment.experiment.seed), task);
    TaskSource source;
    source.sampler = std::make_unique<PairSampler>(likes_of_tasks(data, stream, joint ? 0 : task, task),
                                                   experiment.training.history_sizes, seed);
    const auto planner = [&](const BatchOptions& batch, CandidateRule rule) {
      PlanSources sources{*source.sampler, texts, known_so_far(data, stream, task), items,
                          prior_so_far(data, stream, task)};
      return std::make_unique<StepPlanner>(std::move(sources), batch, rule);
    };
    source.planner = planner(experiment.batch, objective.candidate_rule());
    const std::string& method = experiment.continual.method;
    if (method == "ewc" || method == "online_ewc") source.examples = planner(example, CandidateRule::distinct_items);
    tasks.push_back(std::move(source));
  }
  return std::make_unique<TaskPlanner>(std::move(tasks), planner_options(experiment, items));
}

}  // namespace coldframe
