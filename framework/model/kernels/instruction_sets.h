#pragma once

#include <string>
#include <vector>

// Included before Highway by every kernel: the instruction sets that kernels are compiled for. The others of Highway
// bring nothing here and cost compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)

namespace coldframe {

/// Those that this processor can run, best first: "AVX3" (AVX-512), "AVX2", "SCALAR".
std::vector<std::string> kernel_instruction_sets();

/// Kernels use this set from now on, or again the best one when `name` is empty: for tests, which compare the sets. Not
/// thread-safe.
void use_kernel_instruction_set(const std::string& name);

}  // namespace coldframe
