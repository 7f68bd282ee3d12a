#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/comm/topology.h"
#include "framework/model/parameters.h"
#include "framework/training/lane_pool.h"

namespace coldframe {

/// How fast the threads of a rank multiply matrices together.
struct GemmSpeed {
  double core_flops = 0;  // FLOP per second that a thread was on a core: the slowest thread, its best product
  double on_core = 1;     // share of the wall-clock time in which the threads were on a core
};

/// Products of 256 x 256 matrices on all threads at once, some 10 ms, and at most about 30 ms also where one product
/// takes long.
GemmSpeed measure_gemm(LanePool& pool, Precision precision);

/// FLOP per second and core that any processor of this class reaches with a proper library, a quarter of what is usual:
/// `instruction_set` as in Provenance.
double least_gemm_flops(std::string_view instruction_set, Precision precision);

/// What is wrong with the speed of a rank, one message each, with the remedy; empty when all is well. Pure.
std::vector<std::string> judge_gemm(const GemmSpeed& speed, const Topology& topology, int threads,
                                    std::string_view instruction_set, Precision precision);

/// Measures on the first rank of every host, and warns there. Called once, at the start.
void check_gemm_speed(LanePool& pool, const Topology& topology, std::string_view instruction_set, Precision precision);

}  // namespace coldframe
