#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/cli/learner.h"
#include "framework/core/provenance.h"
#include "framework/training/frozen_prefix.h"

namespace coldframe {

/// How many layers lie wholly below the lowest trainable site: what a prefix cache can spare. ConfigError when
/// `prefix_cache.use` is set and there are none.
std::int64_t layers_to_cache(const Experiment& experiment, const Learner& learner);

/// The caches of a process, one for each encoder, layer and precision: variants that agree in them share one.
class PrefixCaches {
 public:
  PrefixCache& get(const Experiment& experiment, const Learner& learner, const Provenance& provenance);

 private:
  std::vector<std::unique_ptr<PrefixCache>> caches_;
};

/// Fills the cache with the texts that are known before the first step: items, and users without a history. Collective.
/// `steps`: still to come; a catalogue larger than what they will draw is left to them.
void fill_with_known_texts(const FrozenPrefix& prefix, const Experiment& experiment, const ExperimentData& data,
                           const TokenizedTexts& texts, std::int64_t steps, const Group& group, LanePool& pool);

/// "prefix cache below layer 4: 2312 texts, 41.3 MB in memory, 0.0 MB mapped; 93 % of 4800 texts found"
std::string prefix_use_text(const FrozenPrefix& prefix, const PrefixCacheUse& use);

}  // namespace coldframe
