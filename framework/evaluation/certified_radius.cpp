#include "framework/evaluation/certified_radius.h"

#include <algorithm>

namespace coldframe {
namespace {

/// Items just below the top K are the likeliest to bound the radius: they are sorted too, and looked at first.
constexpr std::size_t k_looked_at_first = 64;

class PairSearch {
 public:
  PairSearch(const LinearScorer& scorer, std::span<const double> scores) : scorer_(scorer), scores_(scores) {}

  void look(ItemId above, ItemId below, CriticalPair& best) {
    const double margin = scores_[above.value()] - scores_[below.value()];
    if (margin <= 0.0) {
      best = {above, below, 0.0};
      return;
    }
    if (margin >= best.radius * (scorer_.norm(above) + scorer_.norm(below))) return;
    ++measured;
    const double distance = scorer_.distance(above, below);
    if (margin < best.radius * distance) best = {above, below, margin / distance};
  }
  std::size_t measured = 0;

 private:
  const LinearScorer& scorer_;
  std::span<const double> scores_;
};

}  // namespace

CertifiedRadius certified_radius(const LinearScorer& scorer, std::span<const double> query,
                                 std::span<const ItemId> masked, std::size_t k) {
  const std::vector<double> scores = scorer.scores(query);
  const std::vector<ItemId> candidates = candidates_by_score(scores, masked, k + k_looked_at_first);
  CertifiedRadius result;
  const std::size_t size = std::min(k, candidates.size());
  result.top.assign(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(size));
  PairSearch search(scorer, scores);
  for (std::size_t j = size; j < candidates.size() && result.set.radius > 0.0; ++j) {
    for (std::size_t i = size; i-- > 0 && result.set.radius > 0.0;) {
      search.look(result.top[i], candidates[j], result.set);
    }
  }
  result.order = result.set;
  for (std::size_t i = 0; i < size && result.order.radius > 0.0; ++i) {
    for (std::size_t j = i + 1; j < size && result.order.radius > 0.0; ++j) {
      search.look(result.top[i], result.top[j], result.order);
    }
  }
  result.pairs_measured = search.measured;
  return result;
}

}  // namespace coldframe
