// Keyed random numbers, the innermost loop of dropout and of the simulator:
//   make bench
// Answers are checked first: a wrong generator ends the run.
#include <benchmark/benchmark.h>

#include "framework/core/philox.h"

namespace coldframe {
namespace {

// Known answer of the Random123 distribution for an all-zero counter and key.
constexpr PhiloxBlock k_zero_answer{0x6627E8D5u, 0xE169C58Du, 0xBC57AC4Cu, 0x9B00DBD8u};

void philox_blocks(benchmark::State& state) {
  if (philox4x32({0, 0, 0, 0}, {0, 0}) != k_zero_answer) {
    state.SkipWithError("philox4x32 gives a wrong answer");
    return;
  }
  const KeyedRandom random(1, Purpose::dropout);
  std::uint32_t slot = 0;
  for (auto _ : state) benchmark::DoNotOptimize(random.block(UserKey{7}, 0, 0, slot++));
  state.SetItemsProcessed(4 * state.iterations());
}
BENCHMARK(philox_blocks);

void gumbel_draws(benchmark::State& state) {
  std::uint32_t word = 0;
  for (auto _ : state) benchmark::DoNotOptimize(gumbel(word += 0x9E3779B9u));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(gumbel_draws);

}  // namespace
}  // namespace coldframe
