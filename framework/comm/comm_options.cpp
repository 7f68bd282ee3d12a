#include "framework/comm/comm_options.h"

#include <fmt/format.h>

namespace coldframe {

void CommOptions::describe(OptionVisitor& visitor) {
  visitor.visit({.name = "deadline_seconds",
                 .doc = "a rank that gives no sign of life for this long ends the job",
                 .unit = "s",
                 .minimum = 1,
                 .maximum = 86400},
                deadline_seconds);
  visitor.visit({.name = "heartbeat_seconds",
                 .doc = "interval between two signs of life",
                 .unit = "s",
                 .minimum = 0.05,
                 .maximum = 60},
                heartbeat_seconds);
  visitor.visit({.name = "stall_limit_seconds",
                 .doc = "how long ranks wait for one that is alive but does not answer; longer than the longest "
                        "evaluation or checkpoint",
                 .unit = "s",
                 .minimum = 1,
                 .maximum = 30 * 86400.0},
                stall_limit_seconds);
  visitor.visit({.name = "allow_heterogeneous",
                 .doc = "let ranks differ in instruction set, build or data (results then depend on the cluster)"},
                allow_heterogeneous);
}

std::vector<Problem> CommOptions::validate() const {
  std::vector<Problem> problems;
  if (deadline_seconds < 4 * heartbeat_seconds) {
    problems.push_back({"deadline_seconds", fmt::format("(must be at least four heartbeats of {:g} s) try {:g}",
                                                        heartbeat_seconds, 4 * heartbeat_seconds)});
  }
  if (stall_limit_seconds < deadline_seconds) {
    problems.push_back({"stall_limit_seconds", fmt::format("(must not be below deadline_seconds = {:g}) try {:g}",
                                                           deadline_seconds, 30 * deadline_seconds)});
  }
  return problems;
}

}  // namespace coldframe
