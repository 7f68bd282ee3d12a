#include "framework/cli/memory_file.h"

#include <algorithm>

#include "framework/training/recall_methods.h"

namespace coldframe {

ReplayMemory replay_memory(const ContinualOptions& options, const TaskPlanner& planner, ContinualMethod* method,
                           const Dataset& dataset, std::size_t tasks) {
  const TaskPlannerOptions& planning = planner.options();
  ReplayMemory memory{options.memory_rule, planning.seed, planning.memory, tasks};
  const auto id_of = [&](ItemId item) { return dataset.items.ids[item.value()]; };
  memory.histories.push_back(0);
  for (const RememberedPair& held : planner.memory_after(tasks)) {
    memory.elements.push_back(held.element);
    memory.of_task.push_back(held.task + 1);
    memory.users.push_back(dataset.users.ids[held.pair.user.value()]);
    memory.items.push_back(id_of(held.pair.positive));
    for (const ItemId item : held.pair.history) memory.history.push_back(id_of(item));
    memory.histories.push_back(memory.history.size());
  }
  if (method == nullptr) return memory;
  for (const StateTensor& state : method->state()) {
    if (state.name != k_remembered_rows) continue;
    for (const ItemId item : planning.probes) memory.probes.push_back(id_of(item));
    const auto rows = state.values.first(memory.elements.size() * memory.probes.size());
    memory.rows.assign(rows.begin(), rows.end());
  }
  return memory;
}

}  // namespace coldframe
