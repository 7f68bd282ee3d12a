#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/evaluation/candidate_set.h"
#include "framework/evaluation/detail/int8_kernels.h"
#include "framework/evaluation/running_top.h"

namespace coldframe::detail {

/// Items that may still be among the best k candidates of a user, while scores with error margins come panel by panel.
/// An item leaves when its upper bound lies below the k-th largest lower bound of candidates. Borrows the candidates.
class Shortlist {
 public:
  struct Hit {
    float upper;  // bound of the float32 score
    std::uint32_t item;
  };

  /// items: of the catalogue.
  Shortlist(const TopRequest& request, std::size_t items);

  /// What is surely scored below it leaves.
  float floor() const { return floor_; }
  std::size_t wanted() const { return k_; }

  /// Raises the floor by what all scores of some rows say before any of them is kept: rows[r].scores[user], none of
  /// whose margins is larger.
  void open(std::span<const TileScores> rows, std::size_t user, float margin);
  /// The hits of one row of 32 scores.
  void take(const Int8Kernel& kernel, const float* scores, std::uint32_t hits, std::uint32_t first_item, float margin);
  /// Leaves nothing out.
  void take_all(const TopRequest& request);
  /// What is left when all panels were seen.
  std::vector<Hit>& survivors();

 private:
  void raise(ItemId item, float lower);

  CandidateSet candidates_;
  std::size_t k_;
  float floor_;
  std::vector<float> lower_;  // the k largest lower bounds, least first
  std::vector<float> uppers_;
  std::vector<std::uint32_t> items_;
  std::size_t count_ = 0;  // of both
  std::vector<Hit> kept_;
};

}  // namespace coldframe::detail
