#include "framework/model/keyed_mask.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/hash.h"
#include "framework/model/philox_lanes.h"

#if defined(__x86_64__)
#define CF_MASK_CLONES [[gnu::target_clones("avx512f", "avx2", "default")]]
#else
#define CF_MASK_CLONES
#endif

namespace coldframe {
namespace {

constexpr std::int64_t k_chunk = static_cast<std::int64_t>(PhiloxLanes::k_size);

/// A stretch of one row whose words stand together in a chunk.
struct Segment {
  const float* in;
  float* out;
  std::int64_t first;  // lane of its first block
  std::int64_t blocks;
  std::int64_t elements;
};

std::uint64_t mask_hash(const DropoutContext& dropout, std::uint64_t site) {
  const PhiloxKey seed_key = philox_key(dropout.seed, Purpose::dropout);
  std::uint64_t hash = (std::uint64_t{seed_key[1]} << 32) | seed_key[0];
  hash = combine_hash(hash, static_cast<std::uint64_t>(dropout.step));
  hash = combine_hash(hash, static_cast<std::uint64_t>(dropout.pass));
  return combine_hash(hash, site);
}

CF_MASK_CLONES void put_counters(PhiloxLanes& lanes, std::int64_t first, std::int64_t blocks, MaskRow row) {
  const auto low = static_cast<std::uint32_t>(row.view_key);
  const auto high = static_cast<std::uint32_t>(row.view_key >> 32);
  for (std::int64_t i = 0; i < blocks; ++i) {
    lanes.word[0][first + i] = low;
    lanes.word[1][first + i] = high;
    lanes.word[2][first + i] = row.token;
    lanes.word[3][first + i] = row.first_block + static_cast<std::uint32_t>(i);
  }
}

CF_MASK_CLONES void mask_segments(const PhiloxLanes& lanes, const Segment* segments, std::size_t count,
                                  std::uint32_t threshold, float scale) {
  alignas(64) std::uint32_t words[4 * PhiloxLanes::k_size];
  for (std::size_t s = 0; s < count; ++s) {
    const Segment segment = segments[s];
    for (std::int64_t i = 0; i < segment.blocks; ++i) {
      for (std::int64_t j = 0; j < 4; ++j) words[4 * i + j] = lanes.word[j][segment.first + i];
    }
    for (std::int64_t i = 0; i < segment.elements; ++i) {
      const float kept = segment.in[i] * scale;
      segment.out[i] = words[i] < threshold ? 0.0f : kept;
    }
  }
}

}  // namespace

MaskKey::MaskKey(const DropoutContext& dropout, std::uint64_t site, double rate)
    : threshold(static_cast<std::uint32_t>(std::llround(rate * 0x1p32))),
      scale(static_cast<float>(1.0 / (1.0 - rate))) {
  CF_EXPECTS(rate >= 0 && rate < 1);
  const std::uint64_t hash = mask_hash(dropout, site);
  key = {static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32)};
}

std::uint64_t mask_site(std::string_view name) { return stable_hash(name); }

void apply_mask(const MaskKey& key, std::span<const MaskRow> rows, std::int64_t columns, const float* in, float* out) {
  const std::int64_t row_blocks = (columns + 3) / 4;
  PhiloxLanes lanes = {};
  std::array<Segment, PhiloxLanes::k_size> segments;
  std::size_t row = 0;
  std::int64_t done = 0;  // blocks of this row that went into earlier chunks
  while (row < rows.size() && columns > 0) {
    std::size_t count = 0;
    std::int64_t used = 0;
    while (used < k_chunk && row < rows.size()) {
      const std::int64_t blocks = std::min(row_blocks - done, k_chunk - used);
      const std::int64_t start = static_cast<std::int64_t>(row) * columns + 4 * done;
      MaskRow place = rows[row];
      place.first_block += static_cast<std::uint32_t>(done);
      put_counters(lanes, used, blocks, place);
      segments[count++] = {in + start, out + start, used, blocks, std::min(4 * blocks, columns - 4 * done)};
      used += blocks;
      done += blocks;
      if (done == row_blocks) {
        done = 0;
        ++row;
      }
    }
    philox_lanes(lanes, static_cast<std::size_t>(used), key.key);
    mask_segments(lanes, segments.data(), count, key.threshold, key.scale);
  }
}

}  // namespace coldframe
