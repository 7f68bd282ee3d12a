#include "framework/training/parameter_digest.h"

#include <ATen/core/Tensor.h>

#include <bit>

namespace coldframe {
namespace {

__attribute__((target_clones("avx512f", "avx2", "default"))) std::uint64_t digest_slice(const float* values,
                                                                                        std::size_t begin,
                                                                                        std::size_t end,
                                                                                        std::uint32_t salt) {
  std::uint64_t sum = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint32_t factor = (static_cast<std::uint32_t>(i) * 0x9E3779B1u + salt) | 1u;
    sum += std::uint64_t{std::bit_cast<std::uint32_t>(values[i])} * factor;
  }
  return sum;
}

}  // namespace

ParameterDigest::ParameterDigest(const FlatLayout& layout) : slices_(parameter_slices(layout)), sums_(slices_.size(), 0) {}

void ParameterDigest::refresh(std::size_t index, const ParameterStore& parameters) {
  const ParameterSlice& slice = slices_[index];
  sums_[index] = digest_slice(parameters.value(slice.parameter).const_data_ptr<float>(), slice.begin, slice.end,
                              static_cast<std::uint32_t>(slice.parameter));
}

void ParameterDigest::refresh_parameter(ParameterIndex parameter, const ParameterStore& parameters) {
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    if (slices_[i].parameter == parameter) refresh(i, parameters);
  }
}

void ParameterDigest::refresh_all(const ParameterStore& parameters, LanePool* pool) {
  const auto task = [&](std::size_t i) { refresh(i, parameters); };
  if (pool != nullptr) return pool->run(slices_.size(), task);
  for (std::size_t i = 0; i < slices_.size(); ++i) task(i);
}

std::uint64_t ParameterDigest::value() const {
  std::uint64_t digest = 0;
  for (std::size_t i = 0; i < slices_.size();) {
    std::uint64_t sum = 0;
    const std::size_t ordinal = slices_[i].ordinal;
    for (; i < slices_.size() && slices_[i].ordinal == ordinal; ++i) sum += sums_[i];
    digest = digest * 0x9E3779B97F4A7C15ull + sum;
  }
  return digest;
}

std::uint64_t parameter_digest(const ParameterStore& parameters, const FlatLayout& layout) {
  ParameterDigest digest(layout);
  digest.refresh_all(parameters);
  return digest.value();
}

}  // namespace coldframe
