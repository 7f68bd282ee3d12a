#pragma once

#include <vector>

#include "framework/comm/position.h"

namespace coldframe::detail {

/// The ranks that exchange signs of life with `rank`: those at distance 1, 2, 4, 8 ... on either side of the ring, in
/// ascending order. Symmetric; the same ranks it meets in tree exchanges; and whichever proper part of the ranks falls
/// silent, some living rank watches a silent one (distance 1 closes the ring).
std::vector<int> watched_ranks(int rank, int size);

/// How long each watched rank has been silent, in seconds of this process's own running time: a tick counts at most
/// `longest_tick`, so that a job that was suspended as a whole (SIGSTOP to all ranks, a laptop lid) accuses nobody
/// when it continues.
class SilenceLedger {
 public:
  SilenceLedger(std::vector<int> watched, double longest_tick_seconds);

  void tick(double seconds);
  void heard(int rank, Position position);
  /// A rank that took its leave is silent by right.
  void left(int rank);
  bool everyone_left() const;
  std::vector<int> silent_for(double seconds) const;
  double silence_of(int rank) const;
  /// What a watched rank said last; the start position of a rank never heard or not watched.
  Position position_of(int rank) const;
  const std::vector<int>& watched() const { return watched_; }
  void set_longest_tick(double seconds) { longest_tick_ = seconds; }

 private:
  struct Entry {
    double silence = 0;
    bool gone = false;
    Position position;
  };
  std::size_t index_of(int rank) const;

  std::vector<int> watched_;
  std::vector<Entry> entries_;
  double longest_tick_;
};

}  // namespace coldframe::detail
