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

  /// Raises the floor by what the largest scores so far say, none of whose margins is larger.
  void lift(const Int8Kernel& kernel, const ScorePeaks& peaks, float margin);
  /// The hits of one row of 32 scores.
  void take(const Int8Kernel& kernel, const float* scores, std::uint32_t hits, std::uint32_t first_item, float margin);
  /// Leaves nothing out.
  void take_all(const TopRequest& request);
  /// What is left when all panels were seen; called once.
  std::vector<Hit>& survivors();
  std::vector<Hit>& kept() { return kept_; }

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
