#pragma once

#include <vector>

#include "framework/core/options.h"

namespace coldframe {

/// How long ranks wait for each other. Liveness and slowness are two questions: a heartbeat thread tells within
/// `deadline_seconds` that a rank stopped or vanished, whatever its computing threads do; a rank that lives but does
/// not answer (a long evaluation, a checkpoint on a slow disk) is waited for up to `stall_limit_seconds`.
struct CommOptions : Options {
  double deadline_seconds = 60;
  double heartbeat_seconds = 1;
  double stall_limit_seconds = 1800;
  bool allow_heterogeneous = false;

  void describe(OptionVisitor& visitor) override;
  std::vector<Problem> validate() const override;
};

}  // namespace coldframe
