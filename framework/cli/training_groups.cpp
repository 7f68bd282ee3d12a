#include "framework/cli/training_groups.h"

#include <fmt/format.h>

#include "framework/core/error.h"
#include "framework/reporting/attribute_groups.h"
#include "framework/training/group_gap.h"

namespace coldframe {

TrainingGroups training_groups(const FairTrainingOptions& options, const ExperimentData& data) {
  TrainingGroups found;
  if (!options.active()) return found;
  const std::vector<UserId>& users = data.roles.users(Role::train);
  const Groups groups = attribute_groups(data.dataset.users, options.group, users);
  if (groups.size() < 2) {
    throw ConfigError(fmt::format("fairness.group = {}", options.group),
                      fmt::format("the users of role T fall into {} group", groups.size()),
                      "name an attribute that tells them apart");
  }
  found.name = groups.name();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    found.labels.push_back(groups.label(g));
    found.members.push_back(groups.members(g));
  }
  found.of.assign(data.dataset.users.size(), Groups::k_none);
  for (std::size_t u = 0; u < users.size(); ++u) found.of[users[u].value()] = groups.of()[u];
  if (options.reweight == 0) return found;
  const std::vector<double> by_group = group_weights(found.members, options.reweight);
  for (const std::int32_t group : found.of) {
    found.weights.push_back(group < 0 ? 1.0 : by_group[static_cast<std::size_t>(group)]);
  }
  return found;
}

std::string training_groups_text(const TrainingGroups& groups) {
  std::vector<double> weight(groups.labels.size(), 1.0);
  for (std::size_t u = 0; u < groups.weights.size(); ++u) {
    if (groups.of[u] >= 0) weight[static_cast<std::size_t>(groups.of[u])] = groups.weights[u];
  }
  std::string text = fmt::format("groups of role T by {}:", groups.name);
  for (std::size_t g = 0; g < groups.labels.size(); ++g) {
    text +=
        fmt::format("{} {} {} users, weight {:.2f}", g == 0 ? "" : ";", groups.labels[g], groups.members[g], weight[g]);
  }
  return text;
}

}  // namespace coldframe
