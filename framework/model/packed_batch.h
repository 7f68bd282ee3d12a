#pragma once

#include <cstdint>
#include <vector>

namespace coldframe {

/// A micro-batch of tokenised texts laid end to end, without padding. Texts stand in order of length (the plan sorts
/// them), so texts of equal length are neighbours.
struct PackedBatch {
  std::vector<std::int64_t> token_ids;    // [T], T packed tokens
  std::vector<std::int64_t> row_offsets;  // [N + 1], text n owns tokens row_offsets[n] .. row_offsets[n + 1]
  std::vector<std::uint64_t> view_keys;   // [N], names the text and its view in dropout counters

  std::int64_t texts() const { return static_cast<std::int64_t>(view_keys.size()); }
  std::int64_t tokens() const { return static_cast<std::int64_t>(token_ids.size()); }
};

/// Which dropout masks a forward pass draws: Philox key = hash(seed, Purpose::dropout, step, pass, site), counter =
/// (view key, token, column / 4). Rate 0 or `active == false` draws none. Nothing is stored: backward and recomputation
/// draw the same words again.
struct DropoutContext {
  bool active = false;
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int32_t pass = 0;
  /// `[strategy] frozen_dropout`: whether blocks wholly below the lowest trainable site keep their dropout. True in
  /// paired studies (every strategy then sees the same masks), false makes their activations cacheable.
  bool below_trainable = true;
};

}  // namespace coldframe
