#include "framework/baselines/item_knn.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/core/error.h"
#include "framework/core/hash.h"

namespace coldframe {
namespace {

struct Candidate {
  ItemId item;
  double similarity;
  std::uint64_t order;
};

bool before(const Candidate& a, const Candidate& b) {
  if (a.similarity != b.similarity) return a.similarity > b.similarity;
  return a.order != b.order ? a.order < b.order : a.item < b.item;
}

}  // namespace

ItemKnn::ItemKnn(const TrainingLikes& training, const ItemKnnOptions& options) : neighbours_(training.items) {
  training.check();
  if (options.neighbours == 0 || !(options.shrinkage >= 0.0)) {
    throw ConfigError(
        fmt::format("item-kNN with {} neighbours and shrinkage {}", options.neighbours, options.shrinkage),
        "at least one neighbour and a shrinkage >= 0 are needed");
  }
  const std::vector<std::uint64_t> counts = training.item_counts();
  std::vector<std::vector<std::size_t>> liked_by(training.items);
  for (std::size_t u = 0; u < training.likes.size(); ++u) {
    for (const ItemId item : training.likes[u]) liked_by[item.value()].push_back(u);
  }
  std::vector<std::uint32_t> together(training.items, 0);
  for (std::uint32_t i = 0; i < training.items; ++i) {
    std::fill(together.begin(), together.end(), 0u);
    for (const std::size_t u : liked_by[i]) {
      for (const ItemId other : training.likes[u]) ++together[other.value()];
    }
    std::vector<Candidate> candidates;
    for (std::uint32_t j = 0; j < training.items; ++j) {
      if (j == i || together[j] == 0) continue;
      const double norm = std::sqrt(static_cast<double>(counts[i]) * static_cast<double>(counts[j]));
      candidates.push_back({ItemId(j), together[j] / (norm + options.shrinkage), combine_hash(i, j)});
    }
    const auto kept = static_cast<std::ptrdiff_t>(std::min(options.neighbours, candidates.size()));
    std::partial_sort(candidates.begin(), candidates.begin() + kept, candidates.end(), before);
    for (std::ptrdiff_t n = 0; n < kept; ++n) {
      const Candidate& candidate = candidates[static_cast<std::size_t>(n)];
      neighbours_[i].push_back({candidate.item, static_cast<float>(candidate.similarity)});
    }
  }
}

void ItemKnn::score(const BaselineQuery& query, std::span<float> scores) const {
  CF_EXPECTS(scores.size() == neighbours_.size());
  std::fill(scores.begin(), scores.end(), 0.0f);
  for (const ItemId item : query.history) {
    for (const Neighbour& neighbour : neighbours_[item.value()]) scores[neighbour.item.value()] += neighbour.similarity;
  }
}

}  // namespace coldframe
