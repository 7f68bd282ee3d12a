#include "framework/training/objective.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "framework/core/error.h"
#include "framework/training/contrastive_objective.h"
#include "framework/training/mnrl_objective.h"

namespace coldframe {

void ObjectiveRegistry::add(ObjectiveEntry entry) {
  const std::string kind = entry.kind;
  if (!entries_.emplace(kind, std::move(entry)).second) {
    throw ConfigError(fmt::format("objective kind {} is registered twice", kind));
  }
}

const ObjectiveEntry& ObjectiveRegistry::require(std::string_view kind) const {
  const auto found = entries_.find(kind);
  if (found == entries_.end()) {
    throw ConfigError(fmt::format("unknown objective kind {}", kind), "", fmt::format("known: {}", fmt::join(kinds(), ", ")));
  }
  return found->second;
}

std::vector<std::string> ObjectiveRegistry::kinds() const {
  std::vector<std::string> names;
  for (const auto& [kind, entry] : entries_) names.push_back(kind);
  return names;
}

void add_builtin_objectives(ObjectiveRegistry& registry) {
  registry.add({"contrastive", "two towers, softmax over the global batch with learnable temperature (InfoNCE)",
                [] { return std::make_unique<ContrastiveOptions>(); },
                [](const Options& options) {
                  return std::make_unique<ContrastiveObjective>(dynamic_cast<const ContrastiveOptions&>(options));
                }});
  registry.add({"mnrl", "MultipleNegativesRankingLoss as sentence-transformers computes it (fixed scale)",
                [] { return std::make_unique<MnrlOptions>(); },
                [](const Options& options) {
                  return std::make_unique<MnrlObjective>(dynamic_cast<const MnrlOptions&>(options));
                }});
}

}  // namespace coldframe
