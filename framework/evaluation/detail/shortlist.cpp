#include "framework/evaluation/detail/shortlist.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>

namespace coldframe::detail {
namespace {

constexpr float k_infinity = std::numeric_limits<float>::infinity();
constexpr std::size_t k_usual_hits = 160;
constexpr std::size_t k_room = 64;  // a row, and what whole vectors write beyond it

}  // namespace

Shortlist::Shortlist(const TopRequest& request, std::size_t items)
    : candidates_(request.candidates, items),
      k_(std::min(request.k, request.candidates.size())),
      floor_(k_ == 0 ? std::numeric_limits<float>::max() : -k_infinity),
      uppers_(k_usual_hits),
      items_(k_usual_hits) {
  lower_.reserve(k_);
}

/// Of the peaks as many as there are items beside the candidates may be none; the next k are bounds all the same.
void Shortlist::lift(const Int8Kernel& kernel, const ScorePeaks& peaks, float margin) {
  const std::size_t rank = candidates_.absent() + k_;
  if (k_ == 0 || rank > 2 * k_panel_items) return;
  const float bound = below(kernel.reached(peaks, rank) - margin);
  if (bound > floor_) floor_ = bound;
}

void Shortlist::take(const Int8Kernel& kernel, const float* scores, std::uint32_t hits, std::uint32_t first_item,
                     float margin) {
  if (count_ + k_room > uppers_.size()) {
    uppers_.resize(2 * uppers_.size());
    items_.resize(uppers_.size());
  }
  HitList list{uppers_.data(), items_.data(), count_};
  std::uint32_t raising = kernel.append(scores, {hits, first_item, margin, floor_}, list);
  count_ = list.count;
  for (; raising != 0; raising &= raising - 1) {
    const auto place = static_cast<std::uint32_t>(std::countr_zero(raising));
    raise(ItemId(first_item + place), below(scores[place] - margin));
  }
}

void Shortlist::take_all(const TopRequest& request) {
  kept_.clear();
  for (const ItemId item : request.candidates) kept_.push_back({k_infinity, item.value()});
  count_ = 0;
  floor_ = -k_infinity;
}

std::vector<Shortlist::Hit>& Shortlist::survivors() {
  for (std::size_t h = 0; h < count_; ++h) {
    if (uppers_[h] < floor_ || !candidates_.holds(ItemId(items_[h]))) continue;
    kept_.push_back({std::isnan(uppers_[h]) ? k_infinity : uppers_[h], items_[h]});
  }
  return kept_;
}

/// New bounds lie near the floor: few steps bring them to their place.
void Shortlist::raise(ItemId item, float lower) {
  if (!(lower > floor_) || !candidates_.holds(item)) return;
  std::size_t at = 0;
  if (lower_.size() < k_) {
    lower_.insert(lower_.begin(), lower);
  }
  for (; at + 1 < lower_.size() && lower_[at + 1] < lower; ++at) lower_[at] = lower_[at + 1];
  lower_[at] = lower;
  if (lower_.size() == k_) floor_ = std::max(floor_, lower_.front());
}

}  // namespace coldframe::detail
