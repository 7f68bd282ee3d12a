#pragma once

#include <cstdint>
#include <span>

#include "framework/core/hash.h"
#include "framework/simulation/replay_result.h"

namespace coldframe {

/// A law of whole lives in which nobody decides what is shown by looking at the user: pages are given, and what a user
/// remembers fits into the law's own memory. Where that is so, nothing of what replay() keeps for policies (histories,
/// candidates, utilities of the whole catalogue) has to be there. Thread-safety: const.
class LifeLaw {
 public:
  virtual ~LifeLaw() = default;
  /// Lives users first, first + 1, ... to their end and fills a row for each. A row is a pure function of the user's
  /// number, never of the others of the call: every random number is keyed by it.
  virtual void live(std::uint64_t first, std::span<UserRow> rows) const = 0;
};

/// What users brought about together.
struct Lives {
  std::uint64_t users = 0;
  std::uint64_t pages = 0;
  std::uint64_t clicks = 0;
  FixedSum expected;
  RowDigest digest;  // of the rows of all users
  friend bool operator==(const Lives&, const Lives&) = default;
};

/// Lives users [begin, end) in blocks run in parallel; the same bits for any number of threads, any size of blocks and
/// any split of the range (sums and digests add up). threads 0: all cores.
Lives live(const LifeLaw& law, std::uint64_t begin, std::uint64_t end, std::int64_t threads,
           std::uint64_t block_users = 256);

}  // namespace coldframe
