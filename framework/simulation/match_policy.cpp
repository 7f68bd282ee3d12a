#include "framework/simulation/match_policy.h"

#include <algorithm>
#include <utility>

#include "framework/baselines/content_nearest.h"

namespace coldframe {

MatchPolicy::MatchPolicy(std::string name, std::vector<float> popularity, std::vector<Intent> values, TieBreak ties)
    : ScoredPolicy(std::move(ties)), name_(std::move(name)), popularity_(std::move(popularity)) {
  for (Intent& value : values) {
    std::vector<std::string> words = content_words(value.value);
    if (!words.empty()) values_.push_back({std::move(words), std::move(value.items)});
  }
  for (const float score : popularity_) first_ = std::max(first_, score + 1.0f);
}

void MatchPolicy::score(std::span<const PolicyRequest> requests, std::span<float> scores) const {
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::span<float> own = scores.subspan(r * items(), items());
    std::ranges::copy(popularity_, own.begin());
    if (requests[r].query == nullptr) continue;
    const std::vector<std::string> words = content_words(requests[r].query->text);
    for (const Value& value : values_) {
      if (std::ranges::search(words, value.words).empty()) continue;
      for (const ItemId item : value.items) own[item.value()] = popularity_[item.value()] + first_;
    }
  }
}

}  // namespace coldframe
