#include "framework/evaluation/running_top.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "framework/core/error.h"

namespace coldframe {
namespace {

constexpr float k_infinity = std::numeric_limits<float>::infinity();

}  // namespace

RunningTop::RunningTop(const TopRequest& request, const TieBreak& ties, std::size_t items)
    : candidates_(request.candidates, items),
      user_(request.user),
      k_(std::min(request.k, request.candidates.size())),
      ties_(&ties),
      threshold_(k_ == 0 ? k_infinity : -k_infinity) {
  heap_.reserve(k_);
}

bool RunningTop::before(const RankedItem& a, const RankedItem& b) const {
  if (a.score != b.score) return a.score > b.score;
  const std::uint64_t left = ties_->order(user_, a.item), right = ties_->order(user_, b.item);
  return left != right ? left < right : a.item < b.item;
}

void RunningTop::offer(ItemId item, float score) {
  if (!candidates_.holds(item)) return;
  if (std::isnan(score)) {
    throw NumericError(fmt::format("score of item {} for user {} is NaN", item.value(), user_.value()),
                       "NaN has no rank", "check the encoder that made it");
  }
  if (score < threshold_ || k_ == 0) return;
  const RankedItem entry{score, item};
  const auto order = [this](const RankedItem& a, const RankedItem& b) { return before(a, b); };
  if (heap_.size() == k_) {
    if (!before(entry, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), order);
    heap_.pop_back();
  }
  heap_.push_back(entry);
  std::push_heap(heap_.begin(), heap_.end(), order);
  if (heap_.size() == k_) threshold_ = heap_.front().score;
}

std::vector<RankedItem> RunningTop::finish() {
  std::sort(heap_.begin(), heap_.end(), [this](const RankedItem& a, const RankedItem& b) { return before(a, b); });
  return std::move(heap_);
}

std::vector<RankedItem> top_of_row(const TopRequest& request, std::span<const float> scores, const TieBreak& ties) {
  constexpr std::size_t k_stretch = 64;  // looked through at once, so that the comparison is vectorised
  RunningTop top(request, ties, scores.size());
  for (std::size_t first = 0; first < scores.size(); first += k_stretch) {
    const std::span<const float> stretch = scores.subspan(first, std::min(k_stretch, scores.size() - first));
    const float threshold = top.threshold();
    std::uint32_t any = 0;
    for (const float score : stretch) any |= static_cast<std::uint32_t>(!(score < threshold));
    if (any == 0) continue;
    for (std::size_t i = 0; i < stretch.size(); ++i) {
      if (!(stretch[i] < top.threshold())) top.offer(ItemId(static_cast<std::uint32_t>(first + i)), stretch[i]);
    }
  }
  return top.finish();
}

}  // namespace coldframe
