#pragma once

#include <span>

#include "framework/simulation/policy.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// A policy that learns from its own pages, between periods: within a period it is as frozen as any other, so that the
/// order and the number of threads in which users are served change nothing.
class OnlinePolicy : public Policy {
 public:
  /// Takes in all pages of a period, in order of users. Not while anybody ranks.
  virtual void learn(std::span<const PageRow> pages) = 0;
};

}  // namespace coldframe
