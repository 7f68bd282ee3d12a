#include "framework/simulation/policy_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "framework/core/error.h"
#include "framework/simulation/policy_name.h"

namespace coldframe {
namespace {

bool can_be_written(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || c == '_' || c == '-');
  });
}

}  // namespace

void PolicyRegistry::add(PolicyEntry entry) {
  if (!can_be_written(entry.name)) {
    throw ConfigError(fmt::format("policy '{}'", entry.name), "names stand in lists, behind rules with colons",
                      "use letters, digits, _ and -");
  }
  if (entry.name.starts_with("bandit_")) {
    throw ConfigError(fmt::format("policy '{}'", entry.name), "bandit_... learn from period to period",
                      "choose another name");
  }
  if (entries_.contains(entry.name) || std::ranges::find(k_policy_bases, entry.name) != std::end(k_policy_bases)) {
    throw ConfigError(fmt::format("policy '{}'", entry.name), "there is one of this name", "choose another name");
  }
  std::string name = entry.name;
  entries_.emplace(std::move(name), std::move(entry));
}

const PolicyEntry* PolicyRegistry::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<std::string> PolicyRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

std::shared_ptr<const Policy> make_policy(const PolicyEntry& entry, const PolicyMaking& making) {
  std::shared_ptr<const Policy> policy = entry.make(making);
  if (policy == nullptr) {
    throw ConfigError(fmt::format("policy '{}'", entry.name), "the program that added it made none",
                      "let its entry return a policy, or throw an error that says why not");
  }
  if (policy->name() == entry.name) return policy;
  throw ConfigError(fmt::format("policy '{}' calls itself '{}'", entry.name, policy->name()),
                    "results are told apart by name", "let name() return that of PolicyMaking");
}

}  // namespace coldframe
