#include "framework/model/kernels/instruction_sets.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <cstdint>

namespace coldframe {
namespace {

constexpr std::int64_t k_compiled[] = {HWY_AVX3, HWY_AVX2, HWY_STATIC_TARGET};

}  // namespace

std::vector<std::string> kernel_instruction_sets() {
  std::vector<std::string> names;
  for (const std::int64_t target : k_compiled) {
    if ((hwy::SupportedTargets() & target) != 0) names.emplace_back(hwy::TargetName(target));
  }
  return names;
}

void use_kernel_instruction_set(const std::string& name) {
  hwy::SetSupportedTargetsForTest(0);
  if (name.empty()) return;
  for (const std::int64_t target : k_compiled) {
    if (name == hwy::TargetName(target)) hwy::SetSupportedTargetsForTest(target);
  }
}

}  // namespace coldframe
