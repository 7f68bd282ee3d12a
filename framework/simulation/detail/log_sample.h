#pragma once

#include <cstdint>

#include "framework/core/philox.h"
#include "framework/simulation/random_layout.h"
#include "framework/simulation/replay.h"
#include "framework/simulation/simulation_options.h"

namespace coldframe::detail {

/// Whose pages are kept: nobody's, or a keyed share of all users; a smaller share is a part of a larger one.
class LogSample {
 public:
  LogSample(KeepLog keep, const SimulationOptions& options)
      : keep_(keep),
        share_(keep == KeepLog::yes ? options.log_share : 0.0),
        random_(derived_seed(static_cast<std::uint64_t>(options.seed), "log sample"), Purpose::subsample) {}
  bool holds(std::uint64_t user) const {
    return keep_ == KeepLog::trace || share_ >= 1.0 || (share_ > 0.0 && random_.uniform(UserKey(user)) < share_);
  }

  KeepLog keep() const { return keep_; }

 private:
  KeepLog keep_;
  double share_;
  KeyedRandom random_;
};

}  // namespace coldframe::detail
