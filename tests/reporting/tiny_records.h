#pragma once

#include <string>

#include "framework/reporting/run_record.h"
#include "framework/reporting/simulation_record.h"

namespace coldframe::testing {

struct TinyRun {
  std::string variant = "lora";
  std::int64_t seed = 1;
  std::int64_t fold = 0;
  std::size_t users = 40;
  double quality = 0.3;  // mean NDCG@10 of the strategy at k = 0
  bool priors = true;    // rows "+ item prior" too
};

/// A finished and evaluated run of 30 steps on made-up numbers: rows random, popularity, item-kNN (from k = 1), frozen
/// encoder and the strategy at k = 0, 1, 3 over 12 items; two cells, of which every fifth user has one alone, and groups:
/// every fourth user is an M, the others F.
RunRecord tiny_run(const TinyRun& what);

/// Policies random, popularity, oracle, informed oracle and one per name, each better than the one before.
SimulationRecord tiny_simulation(const std::vector<std::string>& strategies, std::size_t users = 60);

}  // namespace coldframe::testing
