#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/baselines/baseline.h"
#include "framework/data/dataset.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/policy.h"

namespace coldframe {

/// Whom a policy learned from: people are real users of role T, who must be strangers to the world it is simulated in.
enum class PolicyTeachers { nobody, people };

/// Whether a policy looks at what users like; only then questions before the first page (`onboard:`) change anything.
enum class PolicyHistory { ignored, read };

/// What a policy from outside is made from, borrowed for as long as it lives.
struct PolicyMaking {
  const std::string& name;      // what it has to call itself
  const EntityTable& items;     // row i is ItemId(i)
  const EntityTable& profiles;  // row p: attributes of the users whose requests have profile_row p
  const Catalogue& catalogue;
  std::uint64_t seed = 0;                // simulation.seed
  const TrainingLikes* likes = nullptr;  // of role T, for a policy that says it learns from people
  const EntityTable* people = nullptr;   // whom `likes` names, by UserId; nullptr like `likes`
};

/// A policy from outside by name.
struct PolicyEntry {
  std::string name;     // "keyed_shuffle": letters, digits, _ and -
  std::string summary;  // one line
  PolicyTeachers teachers = PolicyTeachers::nobody;
  PolicyHistory history = PolicyHistory::ignored;
  std::function<std::shared_ptr<const Policy>(const PolicyMaking&)> make;
};

/// The policies that a program adds to the built-in ones (policy_name.h). In configurations they are names like any
/// other, alone or behind `onboard:`, `epsilon:` and `softmax:`. softmax: needs a ScoredPolicy, epsilon: one that is
/// deterministic or overrides Policy::weigh, onboard: one that reads likes.
class PolicyRegistry {
 public:
  /// Throws ConfigError for a name that is taken, by a built-in policy too, stands for built-in ones (bandit_...), or
  /// could not be written in a list.
  void add(PolicyEntry entry);
  /// nullptr for a name that nobody added.
  const PolicyEntry* find(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, PolicyEntry, std::less<>> entries_;
};

/// The policy of an entry; ConfigError when it calls itself otherwise, or there is none.
std::shared_ptr<const Policy> make_policy(const PolicyEntry& entry, const PolicyMaking& making);

}  // namespace coldframe
