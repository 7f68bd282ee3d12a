#pragma once

#include <cstdint>
#include <vector>

#include "framework/training/lane_pool.h"
#include "framework/training/parameter_slices.h"

namespace coldframe {

/// 64-bit digest of all trainable values: equal bits, equal words; the position of every element counts. Kept slice by
/// slice, so that an optimizer can refresh a slice while it has it in the cache.
class ParameterDigest {
 public:
  explicit ParameterDigest(const FlatLayout& layout);

  /// The slice that stands at `index` in parameter_slices(layout). Thread-safe for different slices.
  void refresh(std::size_t index, const ParameterStore& parameters);
  void refresh_parameter(ParameterIndex parameter, const ParameterStore& parameters);
  /// Without a pool the caller does all the work; the digest is the same.
  void refresh_all(const ParameterStore& parameters, LanePool* pool = nullptr);
  std::uint64_t value() const;

 private:
  std::vector<ParameterSlice> slices_;
  std::vector<std::uint64_t> sums_;  // by slice
};

std::uint64_t parameter_digest(const ParameterStore& parameters, const FlatLayout& layout);

}  // namespace coldframe
