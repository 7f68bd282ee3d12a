#include <fmt/format.h>

#include <utility>

#include "framework/core/error.h"
#include "framework/core/nearest.h"
#include "framework/model/adalora_strategy.h"
#include "framework/model/bitfit_strategy.h"
#include "framework/model/compacter_strategy.h"
#include "framework/model/frozen_strategy.h"
#include "framework/model/full_strategy.h"
#include "framework/model/houlsby_strategy.h"
#include "framework/model/ia3_strategy.h"
#include "framework/model/layer_norm_strategy.h"
#include "framework/model/loha_strategy.h"
#include "framework/model/lokr_strategy.h"
#include "framework/model/lora_strategy.h"
#include "framework/model/parallel_strategy.h"
#include "framework/model/partial_strategy.h"
#include "framework/model/pfeiffer_strategy.h"
#include "framework/model/prefix_strategy.h"
#include "framework/model/prompt_strategy.h"
#include "framework/model/strategy.h"
#include "framework/model/vera_strategy.h"

namespace coldframe {

void StrategyRegistry::add(StrategyEntry entry) {
  std::string kind = entry.kind;
  if (!entries_.emplace(kind, std::move(entry)).second) {
    throw ConfigError(fmt::format("strategy kind {} is registered twice", kind), "a kind has one implementation");
  }
}

const StrategyEntry& StrategyRegistry::require(std::string_view kind) const {
  const auto found = entries_.find(kind);
  if (found == entries_.end()) {
    throw ConfigError(fmt::format("strategy kind {}", kind), "there is no such strategy", suggest_name(kind, kinds()));
  }
  return found->second;
}

std::vector<std::string> StrategyRegistry::kinds() const {
  std::vector<std::string> names;
  for (const auto& [kind, entry] : entries_) names.push_back(kind);
  return names;
}

void add_builtin_strategies(StrategyRegistry& registry) {
  registry.add(adalora_strategy());
  registry.add(bitfit_strategy());
  registry.add(dora_strategy());
  registry.add(frozen_strategy());
  registry.add(full_strategy());
  registry.add(ia3_strategy());
  registry.add(layer_norm_strategy());
  registry.add(loha_strategy());
  registry.add(lokr_strategy());
  registry.add(lora_strategy());
  registry.add(partial_strategy());
  registry.add(pfeiffer_strategy());
  registry.add(houlsby_strategy());
  registry.add(parallel_strategy());
  registry.add(compacter_strategy());
  registry.add(prefix_strategy());
  registry.add(p_tuning_v2_strategy());
  registry.add(prompt_strategy());
  registry.add(vera_strategy());
}

}  // namespace coldframe
