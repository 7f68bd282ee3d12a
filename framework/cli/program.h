#pragma once

#include <functional>
#include <string>

namespace coldframe {

class StrategyRegistry;
class ObjectiveRegistry;
class UserModelRegistry;
class PolicyRegistry;

/// Kinds that a program of one's own adds to the built-in ones. Configurations name them like any other:
/// `strategy.use`, `objective.use`, sections [strategy.NAME] and [objective.NAME], `simulation.user_model`,
/// `simulation.policies`, --help and `coldframe strategies`.
struct Extensions {
  std::function<void(StrategyRegistry&)> strategies;  // may be empty
  std::function<void(ObjectiveRegistry&)> objectives;
  std::function<void(UserModelRegistry&)> user_models;
  std::function<void(PolicyRegistry&)> policies;
};

/// The whole program, with every subcommand; what main() returns. `revision` enters the record of every run: what the
/// program was built from. Called once per process.
int run_program(int argument_count, char** arguments, std::string revision, Extensions extensions = {});

/// Those of the running program; none before run_program().
const Extensions& extensions();
/// The policies among them.
const PolicyRegistry& own_policies();

}  // namespace coldframe
