#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "framework/cli/learner.h"
#include "framework/simulation/catalogue.h"
#include "framework/simulation/file_policy.h"
#include "framework/simulation/policy.h"
#include "framework/simulation/policy_name.h"
#include "framework/simulation/policy_registry.h"
#include "framework/simulation/search_law.h"

namespace coldframe {

/// Whether a policy of this base learns from real users of role T.
bool learns_from_people(const PolicyName& policy);

/// Likes of role T [I].
std::vector<float> popularity(const ExperimentData& data);

/// Makes the policies that need neither a run nor a world: random, popularity and the baselines, each fitted once on
/// role T, those that this program adds, and what epsilon, softmax, explore and fresh make of them.
class NamedPolicies {
 public:
  struct Setting {
    const ExperimentData& data;   // its role T teaches
    const EntityTable& profiles;  // row p: attributes of the users whose requests have profile_row p
    const Catalogue& catalogue;
    std::uint64_t seed;
    SearchOptions search;                         // how queries are read
    std::function<PolicyFileUsers()> file_users;  // asked for when a file is
  };
  explicit NamedPolicies(const Setting& setting) : setting_(setting) {}

  /// nullptr for a base that needs more. What stands before the first page (`onboard:`) is the caller's business.
  std::shared_ptr<const Policy> make(const PolicyName& name);
  /// `base` as the rule of `name` shows it, called `called`; ConfigError when the rule does not fit the base.
  std::shared_ptr<const Policy> randomised(const PolicyName& name, std::shared_ptr<const Policy> base,
                                           const std::string& called) const;

 private:
  std::shared_ptr<const Policy> base(const PolicyName& policy);
  std::shared_ptr<const Policy> own(const PolicyEntry& entry);
  std::vector<Intent> findable_values() const;

  Setting setting_;
  std::unique_ptr<const TrainingLikes> likes_;  // of role T, once a policy from outside learns from them
  std::map<std::string, std::shared_ptr<const Policy>> bases_;
};

}  // namespace coldframe
