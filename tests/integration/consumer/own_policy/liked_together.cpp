#include "liked_together.h"

#include <algorithm>

using namespace coldframe;  // NOLINT(google-build-using-namespace): an example, and the only namespace there is

namespace {

constexpr float k_popularity = 1e-3f;  // weight of the likes of an item alone

}  // namespace

LikedTogether::LikedTogether(const PolicyMaking& making)
    : ScoredPolicy(making.catalogue.ties(making.seed)),
      name_(making.name),
      items_(making.catalogue.size()),
      together_(items_ * items_, 0.0f) {
  for (const std::vector<ItemId>& likes : making.likes->likes) {
    for (const ItemId a : likes) {
      for (const ItemId b : likes) together_[a.value() * items_ + b.value()] += 1.0f;
    }
  }
}

void LikedTogether::score(std::span<const PolicyRequest> requests, std::span<float> scores) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::span<float> own = scores.subspan(r * items_, items_);
    for (std::size_t i = 0; i < items_; ++i) own[i] = k_popularity * together_[i * items_ + i];
    for (const ItemId like : requests[r].history->likes) {
      for (std::size_t i = 0; i < items_; ++i) own[i] += together_[like.value() * items_ + i];
    }
  }
}
