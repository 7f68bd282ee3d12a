#pragma once

#include <string>

#include "framework/cli/experiment_options.h"
#include "framework/core/config_schema.h"
#include "framework/evaluation/options.h"

namespace coldframe {

/// The sections that commands about the newcomers of finished runs take over those of the runs: `[evaluation]`,
/// `[distributed]`, `[expect]`.
struct NewcomerSections {
  EvaluationOptions evaluation;
  DistributedOptions distributed;

  /// `what` says what `[evaluation]` is about here. This object must outlive the schema.
  void add_to(ConfigSchema& schema, const std::string& what = "newcomers, utility and intervals");
};

}  // namespace coldframe
