#pragma once

#include <string>
#include <vector>

#include "framework/comm/group.h"

namespace coldframe {

/// Something in which all ranks must agree for the promise "same config, same bits": instruction-set class, build id,
/// data checksum, hash of the resolved config.
struct RankFact {
  std::string name;
  std::string value;
};

enum class Heterogeneity { refused, allowed };

/// Collective. Compares the facts of all ranks by name. When they differ: throws DistributedError on every rank, with
/// a table of who has what; or, where allowed, returns that table for the log. Empty when all agree.
std::string compare_facts(const Group& group, const std::vector<RankFact>& facts,
                          Heterogeneity heterogeneity = Heterogeneity::refused);

}  // namespace coldframe
