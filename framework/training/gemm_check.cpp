#include "framework/training/gemm_check.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>

#include "framework/core/log.h"

namespace coldframe {
namespace {

double thread_seconds() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// One thread's share of the measurement.
GemmSpeed measure_thread(Precision precision) {
  constexpr std::int64_t size = 256;
  constexpr double flop = 2.0 * size * size * size, enough = 0.010;
  const auto type = at::TensorOptions().dtype(precision == Precision::bf16 ? at::kBFloat16 : at::kFloat);
  const at::Tensor a = at::ones({size, size}, type), b = at::ones({size, size}, type);
  const double cold = wall_seconds();
  at::mm(a, b);  // loads and compiles what the library needs
  const bool slow = wall_seconds() - cold > enough;
  GemmSpeed speed;
  const double wall_before = wall_seconds(), core_before = thread_seconds();
  double core = core_before, wall = wall_before;
  for (int repeat = 0; repeat < (slow ? 1 : 20) && wall - wall_before < enough; ++repeat) {
    const double started = core;
    at::mm(a, b);
    core = thread_seconds();
    wall = wall_seconds();
    speed.core_flops = std::max(speed.core_flops, flop / std::max(core - started, 1e-9));
  }
  speed.on_core = std::min(1.0, (core - core_before) / std::max(wall - wall_before, 1e-9));
  return speed;
}

}  // namespace

GemmSpeed measure_gemm(LanePool& pool, Precision precision) {
  std::vector<GemmSpeed> speeds(static_cast<std::size_t>(pool.threads()));
  pool.run(speeds.size(), [&](std::size_t thread) { speeds[thread] = measure_thread(precision); });
  GemmSpeed all = speeds.front();
  for (const GemmSpeed& speed : speeds) {
    all.core_flops = std::min(all.core_flops, speed.core_flops);
    all.on_core = std::min(all.on_core, speed.on_core);
  }
  return all;
}

double least_gemm_flops(std::string_view instruction_set, Precision precision) {
  // AVX2 and wider: at least 32 FLOP per cycle in float32 at 2 GHz, twice that with bfloat16 products of the processor.
  constexpr double share = 0.25, wide = 64e9, narrow = 16e9;
  if (instruction_set == "baseline") return share * narrow;
  const bool doubled = precision == Precision::bf16 && instruction_set == "avx512_bf16";
  return share * (doubled ? 2 * wide : wide);
}

std::vector<std::string> judge_gemm(const GemmSpeed& speed, const Topology& topology, int threads,
                                    std::string_view instruction_set, Precision precision) {
  constexpr double least_on_core = 0.75;
  std::vector<std::string> messages;
  const int cores = static_cast<int>(topology.cores.size());
  const bool crowded = threads > cores || topology.ranks_on_this_host > topology.cores_of_host;
  if (threads > cores) {
    messages.push_back(
        fmt::format("this rank computes with {} threads on {} core{} (it is bound to them) start mpirun with --bind-to "
                    "none, give the "
                    "job more cores, or set distributed.threads = {}",
                    threads, cores, cores == 1 ? "" : "s", std::max(1, topology.default_threads)));
  } else if (crowded) {
    messages.push_back(
        fmt::format("{} ranks share {} core{} of this host (they wait for each other) start fewer ranks, or "
                    "give the job more cores",
                    topology.ranks_on_this_host, topology.cores_of_host, topology.cores_of_host == 1 ? "" : "s"));
  }
  if (speed.on_core < least_on_core && !crowded) {
    messages.push_back(
        fmt::format("threads are on a core {:.0f} % of the time (other work runs on the cores of this rank) end it, "
                    "or see with `top` and `taskset -cp PID` who shares them",
                    100 * speed.on_core));
  }
  const double least = least_gemm_flops(instruction_set, precision);
  if (speed.core_flops < least) {
    messages.push_back(fmt::format(
        "matrix products in {} run at {:.1f} GFLOP/s per core (a processor with {} reaches {:.0f} or more) see with "
        "`ldd` which "
        "libtorch_cpu.so is loaded, and unset ATEN_CPU_CAPABILITY, MKL_ENABLE_INSTRUCTIONS and ONEDNN_MAX_CPU_ISA{}",
        precision == Precision::bf16 ? "bf16" : "fp32", speed.core_flops * 1e-9, instruction_set, least * 1e-9,
        precision == Precision::bf16 ? ", or set encoder.precision = fp32" : ""));
  }
  return messages;
}

void check_gemm_speed(LanePool& pool, const Topology& topology, std::string_view instruction_set, Precision precision) {
  if (topology.local_rank != 0) return;
  if (topology.unbound) {
    log_info("the launcher's binding left cores idle and is undone: the ranks of this host share its {} cores",
             topology.cores_of_host);
  }
  const GemmSpeed speed = measure_gemm(pool, precision);
  log_debug("matrix products: {:.1f} GFLOP/s per core, {:.0f} % on core", speed.core_flops * 1e-9, 100 * speed.on_core);
  for (const std::string& message : judge_gemm(speed, topology, pool.threads(), instruction_set, precision))
    log_warning("{}", message);
}

}  // namespace coldframe
