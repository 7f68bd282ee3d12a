#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "framework/core/philox.h"

namespace coldframe {

/// Philox4x32-10 on many counters at once, words by position: word[j][i] holds word j of counter i before the call, and
/// of its output after it.
struct PhiloxLanes {
  static constexpr std::size_t k_size = 256;
  alignas(64) std::uint32_t word[4][k_size];
};

/// Instruction sets with their own code; all give the same words.
enum class LaneCode { plain, avx2, avx512 };

std::vector<LaneCode> available_lane_codes();  // of this machine, ascending

/// The first `count` counters; up to 15 more may be overwritten with words of no meaning.
void philox_lanes(PhiloxLanes& lanes, std::size_t count, PhiloxKey key);
void philox_lanes(PhiloxLanes& lanes, std::size_t count, PhiloxKey key, LaneCode code);

}  // namespace coldframe
